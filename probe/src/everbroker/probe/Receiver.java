package everbroker.probe;

import java.util.BitSet;
import javax.jms.JMSException;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.Session;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.ActiveMQSession;

/** Receives messages one by one, each acknowledged by itself, and tells the run's own from repeated and foreign ones. */
final class Receiver {
    private final Task task;
    private final Reporter reporter;
    private Session session;
    private MessageConsumer consumer;

    final BitSet received = new BitSet();
    int duplicated;
    int unexpected;
    private Long firstAt;
    private Long lastAt;

    Receiver(Task task, Reporter reporter) {
        this.task = task;
        this.reporter = reporter;
    }

    void open(ActiveMQConnection connection) throws JMSException {
        session = connection.createSession(false, ActiveMQSession.INDIVIDUAL_ACKNOWLEDGE);
        consumer = session.createConsumer(session.createQueue(task.queue()));
    }

    /** @return whether a message came within the time */
    boolean receive(long waitMs) throws JMSException {
        Message message = consumer.receive(Math.max(1, waitMs));
        if (message == null) return false;
        message.acknowledge();
        count(message);
        return true;
    }

    private void count(Message message) throws JMSException {
        String seq = message.getStringProperty("seq");
        if (!task.run().equals(message.getStringProperty("run")) || seq == null || !seq.matches("[0-9]{1,8}")) {
            unexpected++;
            return;
        }
        int number = Integer.parseInt(seq);
        boolean isNew = !received.get(number);
        received.set(number);
        if (!isNew) duplicated++;
        if (firstAt == null) firstAt = System.currentTimeMillis();
        lastAt = System.currentTimeMillis();
        reporter.event(task, isNew ? "received" : "duplicated", number);
    }

    /** Receives until nothing comes for a while. */
    void drain(int idleMs, Clock clock) throws JMSException {
        while (!clock.isOver() && receive(Math.min(idleMs, clock.leftMs()))) continue;
    }

    void close() throws JMSException {
        if (consumer != null) consumer.close();
        if (session != null) session.close();
    }

    Report describe(Report report) {
        return report.put("received", received.cardinality())
                .put("duplicated", duplicated)
                .put("unexpected", unexpected)
                .put("firstReceivedAt", firstAt)
                .put("lastReceivedAt", lastAt);
    }
}
