package everbroker.probe;

import javax.jms.JMSException;
import org.apache.activemq.ActiveMQConnection;

/** Takes out whatever a queue holds and says which messages of the run were there. */
final class Drain {
    private final Task task;
    private final Reporter reporter;

    Drain(Task task, Reporter reporter) {
        this.task = task;
        this.reporter = reporter;
    }

    Report run() {
        Errors errors = new Errors();
        Receiver receiver = new Receiver(task, reporter);
        Clock clock = Clock.in(task.timeoutMs());
        ActiveMQConnection connection = null;
        String outcome;
        String cleanup = null;
        try {
            connection = Brokers.connect(task, task.to());
            receiver.open(connection);
            receiver.drain(task.number("idleMs", 1_000, 1, 600_000), clock);
            receiver.close();
            // out of time with messages still coming: the queue is not known to be empty
            outcome = clock.isOver() ? "incomplete" : "complete";
            if (task.flag("cleanup")) cleanup = Brokers.delete(connection, task, task.queue());
        } catch (JMSException problem) {
            errors.add("consumer", problem);
            outcome = Brokers.outcomeOf(problem);
        } finally {
            Brokers.close(connection);
        }
        return receiver.describe(new Report(outcome))
                .put("receivedIds", Sequence.ranges(receiver.received))
                .put("cleanupTo", cleanup)
                .put("errors", errors.list());
    }
}
