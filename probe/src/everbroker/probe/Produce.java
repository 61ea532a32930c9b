package everbroker.probe;

import javax.jms.JMSException;
import org.apache.activemq.ActiveMQConnection;

/** Leaves acknowledged messages in a queue. */
final class Produce {
    private final Task task;
    private final Reporter reporter;

    Produce(Task task, Reporter reporter) {
        this.task = task;
        this.reporter = reporter;
    }

    Report run() {
        Errors errors = new Errors();
        Sender sender = new Sender(task, reporter, errors);
        Clock clock = Clock.in(task.timeoutMs());
        ActiveMQConnection connection = null;
        String outcome;
        try {
            connection = Brokers.connect(task, task.from());
            sender.send(connection, clock);
            outcome = sender.isComplete() ? "complete" : "incomplete";
        } catch (JMSException problem) {
            errors.add("producer", problem);
            outcome = Brokers.outcomeOf(problem);
        } finally {
            Brokers.close(connection);
        }
        return sender.describe(new Report(outcome))
                .put("acknowledgedIds", Sequence.ranges(sender.acknowledged))
                .put("unknownIds", Sequence.ranges(sender.unknown))
                .put("errors", errors.list());
    }
}
