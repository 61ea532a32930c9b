package everbroker.probe;

import java.util.ArrayList;
import java.util.List;
import javax.jms.JMSException;
import org.apache.activemq.ActiveMQConnection;

/** Deletes queues of the probe at a broker that was neither end of a route but heard of its consumer. */
final class Sweep {
    private Sweep() {}

    static Report run(Task task) {
        Errors errors = new Errors();
        List<String> left = new ArrayList<>();
        ActiveMQConnection connection = null;
        try {
            connection = Brokers.connect(task, task.from());
            Clock clock = Clock.in(task.timeoutMs());
            for (String queue : task.queues()) {
                String outcome = clock.isOver() ? "no time left" : Brokers.delete(connection, task, queue);
                if (!outcome.equals("deleted")) left.add(queue + ": " + outcome);
            }
            return new Report(left.isEmpty() ? "complete" : "incomplete")
                    .put("left", String.join("; ", left))
                    .put("errors", errors.list());
        } catch (JMSException problem) {
            errors.add("sweep", problem);
            return new Report(Brokers.outcomeOf(problem)).put("left", "").put("errors", errors.list());
        } finally {
            Brokers.close(connection);
        }
    }
}
