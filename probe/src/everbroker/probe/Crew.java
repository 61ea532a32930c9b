package everbroker.probe;

import java.util.ArrayList;
import java.util.List;

/** Producers or consumers that begin and end together. */
final class Crew {
    private final int graceMs;
    private final List<Lasting> members = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private volatile Clock end;
    private boolean cut;

    Crew(int graceMs) {
        this.graceMs = graceMs;
    }

    void add(String name, Lasting member) {
        members.add(member);
        threads.add(new Thread(member, name));
    }

    void start() {
        for (Thread thread : threads) thread.start();
    }

    boolean isWanted() {
        return end == null;
    }

    /** Each ends when it has the answer that it waits for. */
    void stop() {
        if (end == null) end = Clock.in(graceMs);
    }

    /** Those that still have none are cut off from their broker: then the outcome is unknown, and written down as that. */
    void cutLate() {
        if (end == null || cut || !end.isOver()) return;
        cut = true;
        for (Lasting member : members) member.cut();
        end = Clock.in(graceMs);
    }

    boolean isAtWork() {
        return atWork() > 0;
    }

    int atWork() {
        return (int) threads.stream().filter(Thread::isAlive).count();
    }

    /** Cut off, and at work all the same: its records tell what there is to tell. */
    boolean isHopeless() {
        return cut && end.isOver() && isAtWork();
    }
}
