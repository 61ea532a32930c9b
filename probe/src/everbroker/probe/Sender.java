package everbroker.probe;

import java.util.Arrays;
import java.util.BitSet;
import javax.jms.DeliveryMode;
import javax.jms.IllegalStateException;
import javax.jms.InvalidDestinationException;
import javax.jms.JMSException;
import javax.jms.MessageProducer;
import javax.jms.ResourceAllocationException;
import javax.jms.Session;
import javax.jms.TextMessage;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.ConnectionFailedException;

/** Sends numbered persistent messages, one acknowledgement of the broker each, and keeps what became of each. */
final class Sender {
    private final Task task;
    private final Reporter reporter;
    private final Errors errors;

    /** The broker acknowledged it. */
    final BitSet acknowledged = new BitSet();
    /** The broker said no, or nothing left this process. */
    final BitSet failed = new BitSet();
    /** Sent, and no answer came: it may be stored or not. */
    final BitSet unknown = new BitSet();
    private Long firstAt;
    private Long lastAt;
    private long longestMs;

    Sender(Task task, Reporter reporter, Errors errors) {
        this.task = task;
        this.reporter = reporter;
        this.errors = errors;
    }

    void send(ActiveMQConnection connection, Clock clock) {
        try {
            Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
            MessageProducer producer = session.createProducer(session.createQueue(task.queue()));
            producer.setDeliveryMode(DeliveryMode.PERSISTENT);
            char[] body = new char[task.size()];
            Arrays.fill(body, 'x');
            String text = new String(body);
            for (int seq = 0; seq < task.count() && !clock.isOver(); seq++) {
                TextMessage message = session.createTextMessage(text);
                message.setStringProperty("run", task.run());
                message.setStringProperty("seq", Integer.toString(seq));
                if (!sendOne(producer, message, seq)) return;
            }
            session.close();
        } catch (JMSException problem) {
            errors.add("producer", problem);
        }
    }

    /** @return whether the connection is still of use */
    private boolean sendOne(MessageProducer producer, TextMessage message, int seq) {
        long start = System.currentTimeMillis();
        try {
            producer.send(message);
            acknowledged.set(seq);
            if (firstAt == null) firstAt = System.currentTimeMillis();
            lastAt = System.currentTimeMillis();
            reporter.event(task, "acknowledged", seq);
            return true;
        } catch (JMSException problem) {
            errors.add("producer", problem);
            boolean certain = isCertain(problem);
            (certain ? failed : unknown).set(seq);
            reporter.event(task, certain ? "failed" : "unknown", seq);
            return !(problem instanceof ConnectionFailedException || problem instanceof IllegalStateException);
        } finally {
            longestMs = Math.max(longestMs, System.currentTimeMillis() - start);
        }
    }

    /** Whether the message is surely not stored. In doubt it is not certain. */
    static boolean isCertain(JMSException problem) {
        return Brokers.isRefusal(problem)
                || problem instanceof ConnectionFailedException
                || problem instanceof IllegalStateException
                || problem instanceof InvalidDestinationException
                || problem instanceof ResourceAllocationException;
    }

    boolean isComplete() {
        return acknowledged.cardinality() == task.count();
    }

    Report describe(Report report) {
        int tried = acknowledged.cardinality() + failed.cardinality() + unknown.cardinality();
        return report.put("asked", task.count())
                .put("acknowledged", acknowledged.cardinality())
                .put("failed", failed.cardinality())
                .put("unknown", unknown.cardinality())
                .put("unsent", task.count() - tried)
                .put("firstSentAt", firstAt)
                .put("lastSentAt", lastAt)
                .put("longestSendMs", longestMs);
    }
}
