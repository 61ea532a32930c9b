package everbroker.probe;

/** A moment by which something must be done. */
final class Clock {
    private final long end;

    private Clock(long end) {
        this.end = end;
    }

    static Clock in(int ms) {
        return new Clock(System.nanoTime() + ms * 1_000_000L);
    }

    long leftMs() {
        return Math.max(0, (end - System.nanoTime()) / 1_000_000L);
    }

    boolean isOver() {
        return leftMs() == 0;
    }

    static void sleep(int ms) {
        try {
            Thread.sleep(ms);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }
}
