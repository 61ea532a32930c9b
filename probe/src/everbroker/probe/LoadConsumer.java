package everbroker.probe;

import javax.jms.JMSException;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.Session;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.ActiveMQSession;

/**
 * Receives messages and acknowledges each by itself. A delivery is written down before it is acknowledged: whoever dies in
 * between has it twice, and never not at all.
 */
final class LoadConsumer extends Lasting {
    /** What the broker may send ahead takes memory here. */
    private static final int MOST_AHEAD_BYTES = 8 * 1024 * 1024;
    private static final int MOST_AHEAD = 1_000;
    private static final int LOOK_MS = 200;

    LoadConsumer(Task task, Parts parts) {
        super(task, task.to(), parts);
    }

    @Override
    int prefetch() {
        return Math.max(1, Math.min(MOST_AHEAD, MOST_AHEAD_BYTES / Math.max(1, task.size())));
    }

    @Override
    void work(ActiveMQConnection connection) throws JMSException {
        Session session = connection.createSession(false, ActiveMQSession.INDIVIDUAL_ACKNOWLEDGE);
        MessageConsumer consumer = session.createConsumer(session.createQueue(task.queue()));
        while (wanted.getAsBoolean()) {
            Message message = consumer.receive(LOOK_MS);
            if (message == null) continue;
            note(message);
            message.acknowledge();
            isWell();
        }
        consumer.close();
    }

    private void note(Message message) throws JMSException {
        if (!isOurs(message)) {
            records.foreign();
            return;
        }
        int producer = message.getIntProperty("producer");
        int seq = message.getIntProperty("seq");
        records.delivered(producer, seq, message.getJMSRedelivered());
        tally.delivered(producer, seq);
    }

    private boolean isOurs(Message message) throws JMSException {
        return task.run().equals(message.getStringProperty("run"))
                && task.name().equals(message.getStringProperty("flow"))
                && message.propertyExists("producer")
                && message.propertyExists("seq");
    }
}
