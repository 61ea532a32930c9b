package everbroker.probe;

import java.util.BitSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.jms.JMSException;
import org.apache.activemq.ActiveMQConnection;

/**
 * Messages in at one broker and out at another (or the same). The consumer is there before the first message: a bridge
 * forwards on demand only.
 */
final class Route {
    private final Task task;
    private final Reporter reporter;
    private final Errors errors = new Errors();
    private final Sender sender;
    private final Receiver receiver;
    private final Clock clock;
    private final CountDownLatch consuming = new CountDownLatch(1);
    private ActiveMQConnection target;
    private volatile boolean canConsume;
    private volatile boolean sendingEnded;
    /** refused or unreachable, whichever end said so first. */
    private volatile String trouble;

    Route(Task task, Reporter reporter) {
        this.task = task;
        this.reporter = reporter;
        this.sender = new Sender(task, reporter, errors);
        this.receiver = new Receiver(task, reporter);
        this.clock = Clock.in(task.timeoutMs());
    }

    Report run() {
        Thread consumer = new Thread(this::consume, "consumer-" + task.name());
        consumer.start();
        ActiveMQConnection source = produce();
        sendingEnded = true;
        join(consumer);
        BitSet missing = Sequence.without(sender.acknowledged, receiver.received);
        Report report = describe(missing);
        if (task.flag("cleanup")) cleanUp(source, missing, report);
        Brokers.close(source);
        Brokers.close(target);
        return report.put("errors", errors.list());
    }

    private ActiveMQConnection produce() {
        try {
            ActiveMQConnection source = Brokers.connect(task, task.from());
            consuming.await(clock.leftMs(), TimeUnit.MILLISECONDS);
            if (canConsume) sender.send(source, clock);
            return source;
        } catch (JMSException problem) {
            noteTrouble("producer", problem);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
        return null;
    }

    private void consume() {
        try {
            target = Brokers.connect(task, task.to());
            receiver.open(target);
            canConsume = true;
            consuming.countDown();
            while (!clock.isOver() && !allArrived()) receiver.receive(Math.min(50, clock.leftMs()));
            // what is delivered twice mostly comes right behind
            Clock linger = Clock.in(task.number("lingerMs", 50, 0, 600_000));
            while (receiver.received.cardinality() > 0 && !linger.isOver()) receiver.receive(linger.leftMs());
            receiver.close();
        } catch (JMSException problem) {
            if (canConsume) errors.add("consumer", problem);
            else noteTrouble("consumer", problem);
        } finally {
            consuming.countDown();
        }
    }

    /** Unknown messages are waited for only while acknowledged ones are missing: they need not exist. */
    private boolean allArrived() {
        return sendingEnded && Sequence.without(sender.acknowledged, receiver.received).isEmpty();
    }

    private synchronized void noteTrouble(String where, JMSException problem) {
        errors.add(where, problem);
        if (trouble == null) trouble = Brokers.outcomeOf(problem);
    }

    private Report describe(BitSet missing) {
        boolean clean = receiver.duplicated == 0 && receiver.unexpected == 0;
        boolean whole = sender.isComplete() && missing.isEmpty() && clean;
        Report report = new Report(trouble != null ? trouble : whole ? "complete" : "incomplete");
        receiver.describe(sender.describe(report));
        return report.put("recovered", Sequence.both(sender.unknown, receiver.received).cardinality())
                .put("missing", missing.cardinality())
                .put("missingIds", Sequence.ranges(missing))
                .put("stuck", 0)
                .put("lost", missing.cardinality());
    }

    /** Empties and deletes the queue at both ends; what is found there was stuck and is not lost. */
    private void cleanUp(ActiveMQConnection source, BitSet missing, Report report) {
        boolean oneBroker = task.from().equals(task.to());
        Receiver leftovers = new Receiver(task, reporter);
        if (!missing.isEmpty() || !sender.unknown.isEmpty()) {
            collect(target, leftovers);
            if (!oneBroker) collect(source, leftovers);
            for (String url : task.via()) collectAt(url, leftovers);
        }
        int stuck = Sequence.both(missing, leftovers.received).cardinality();
        report.put("stuck", stuck).put("lost", missing.cardinality() - stuck);
        report.put("cleanupFrom", Brokers.delete(source, task, task.queue()));
        if (oneBroker) return;
        report.put("cleanupTo", Brokers.delete(target, task, task.queue()));
    }

    /** On its way over several bridges a message may be stuck in between. */
    private void collectAt(String url, Receiver leftovers) {
        ActiveMQConnection connection = null;
        try {
            connection = Brokers.connect(task, url);
            collect(connection, leftovers);
        } catch (JMSException problem) {
            errors.add("cleanup", problem);
        } finally {
            Brokers.close(connection);
        }
    }

    private void collect(ActiveMQConnection connection, Receiver leftovers) {
        if (!Brokers.isConnected(connection)) return;
        try {
            leftovers.open(connection);
            leftovers.drain(task.number("idleMs", 500, 1, 600_000), Clock.in(task.timeoutMs()));
            leftovers.close();
        } catch (JMSException problem) {
            errors.add("cleanup", problem);
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }
}
