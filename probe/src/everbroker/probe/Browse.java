package everbroker.probe;

import java.util.Enumeration;
import java.util.Map;
import java.util.BitSet;
import java.util.TreeMap;
import javax.jms.JMSException;
import javax.jms.Message;
import javax.jms.QueueBrowser;
import javax.jms.Session;
import org.apache.activemq.ActiveMQConnection;

/** Which messages of the run lie in a queue. It takes none, and no bridge hears of it. */
final class Browse {
    private Browse() {}

    static Report run(Task task) {
        Errors errors = new Errors();
        Map<Integer, BitSet> found = new TreeMap<>();
        int foreign = 0;
        ActiveMQConnection connection = null;
        String outcome;
        try {
            connection = Brokers.connect(task, task.from());
            Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
            QueueBrowser browser = session.createBrowser(session.createQueue(task.queue()));
            Clock clock = Clock.in(task.timeoutMs());
            Enumeration<?> messages = browser.getEnumeration();
            while (!clock.isOver() && messages.hasMoreElements()) {
                Message message = (Message) messages.nextElement();
                if (message == null) continue;
                if (task.run().equals(message.getStringProperty("run")) && message.propertyExists("producer"))
                    found.computeIfAbsent(message.getIntProperty("producer"), key -> new BitSet())
                            .set(message.getIntProperty("seq"));
                else foreign++;
            }
            outcome = clock.isOver() ? "incomplete" : "complete";
            browser.close();
        } catch (JMSException problem) {
            errors.add("browser", problem);
            outcome = Brokers.outcomeOf(problem);
        } finally {
            Brokers.close(connection);
        }
        StringBuilder ids = new StringBuilder();
        int count = 0;
        for (Map.Entry<Integer, BitSet> entry : found.entrySet()) {
            if (ids.length() > 0) ids.append(' ');
            ids.append(entry.getKey()).append(':').append(Sequence.allRanges(entry.getValue()));
            count += entry.getValue().cardinality();
        }
        return new Report(outcome)
                .put("count", count)
                .put("foreign", foreign)
                .put("ids", ids)
                .put("errors", errors.list());
    }
}
