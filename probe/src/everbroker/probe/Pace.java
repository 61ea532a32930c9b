package everbroker.probe;

import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * The time of each message by the clock, whatever the one before took. What was due in a short pause is made up for; what
 * was due in an outage is not: a flood behind it would be another experiment.
 */
final class Pace {
    private static final double MOST_BEHIND_NANOS = 1e9;
    private static final long LOOK_NANOS = 50_000_000L;

    private final double interval;
    private final long start = System.nanoTime();
    private double next;

    Pace(double perSecond) {
        this.interval = 1e9 / perSecond;
    }

    /** @return false when it is not wanted any more */
    boolean await(BooleanSupplier wanted) {
        next = Math.max(next, now() - MOST_BEHIND_NANOS);
        for (double left = next - now(); left > 0; left = next - now()) {
            if (!wanted.getAsBoolean()) return false;
            LockSupport.parkNanos((long) Math.min(left, LOOK_NANOS));
        }
        next += interval;
        return wanted.getAsBoolean();
    }

    private double now() {
        return System.nanoTime() - start;
    }
}
