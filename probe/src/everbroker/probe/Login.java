package everbroker.probe;

import javax.jms.JMSException;
import org.apache.activemq.ActiveMQConnection;

/** Whether a broker takes a login: ok, refused, or unreachable. */
final class Login {
    private Login() {}

    static Report check(Task task) {
        Errors errors = new Errors();
        ActiveMQConnection connection = null;
        try {
            connection = Brokers.connect(task, task.from());
            return new Report("ok").put("errors", errors.list());
        } catch (JMSException problem) {
            errors.add("login", problem);
            return new Report(Brokers.outcomeOf(problem)).put("errors", errors.list());
        } finally {
            Brokers.close(connection);
        }
    }
}
