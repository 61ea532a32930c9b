package everbroker.probe;

import java.util.ArrayList;
import java.util.List;
import javax.jms.BytesMessage;
import javax.jms.DeliveryMode;
import javax.jms.JMSException;
import javax.jms.MessageProducer;
import javax.jms.Session;
import org.apache.activemq.ActiveMQConnection;

/** Sends numbered persistent messages at a rate, each of them or each transaction acknowledged by the broker. */
final class LoadProducer extends Lasting {
    private final int number;
    private final Pace pace;
    private final byte[] body;
    private final int transaction;
    private final List<Integer> open = new ArrayList<>();
    private Session session;
    private MessageProducer producer;
    private int next;

    LoadProducer(Task task, Parts parts, int number) {
        super(task, task.from(), parts);
        this.number = number;
        this.pace = new Pace(task.perSecond());
        this.body = new byte[task.size()];
        this.transaction = task.number("transaction", 1, 1, 10_000);
    }

    @Override
    int prefetch() {
        return 1;
    }

    @Override
    void work(ActiveMQConnection connection) throws JMSException {
        session = connection.createSession(transaction > 1, Session.AUTO_ACKNOWLEDGE);
        producer = session.createProducer(session.createQueue(task.queue()));
        producer.setDeliveryMode(DeliveryMode.PERSISTENT);
        while (pace.await(wanted)) {
            if (transaction == 1) sendOne();
            else sendInTransaction();
        }
        if (!open.isEmpty()) commit();
    }

    private void sendOne() throws JMSException {
        BytesMessage message = message();
        int seq = next++;
        tally.sent();
        records.event('s', seq);
        char outcome = 'u';
        try {
            producer.send(message);
            outcome = 'a';
            isWell();
        } catch (JMSException problem) {
            if (Sender.isCertain(problem)) outcome = 'f';
            throw problem;
        } finally {
            records.event(outcome, seq);
            tally.ended(outcome);
        }
    }

    private void sendInTransaction() throws JMSException {
        BytesMessage message = message();
        int seq = next++;
        tally.sent();
        records.event('s', seq);
        open.add(seq);
        try {
            producer.send(message);
        } catch (JMSException problem) {
            // nobody has asked for the commit, and nobody will
            end('f');
            throw problem;
        }
        if (open.size() >= transaction) commit();
    }

    private void commit() throws JMSException {
        try {
            session.commit();
            isWell();
            end('a');
        } catch (JMSException problem) {
            // also where the client speaks of a rollback: it does so when the answer was lost in a failover
            end(Brokers.isRefusal(problem) ? 'f' : 'u');
            throw problem;
        }
    }

    private void end(char outcome) {
        for (int seq : open) {
            records.add(outcome, seq);
            tally.ended(outcome);
        }
        records.flush();
        open.clear();
    }

    private BytesMessage message() throws JMSException {
        BytesMessage message = session.createBytesMessage();
        message.setStringProperty("run", task.run());
        message.setStringProperty("flow", task.name());
        message.setIntProperty("producer", number);
        message.setIntProperty("seq", next);
        message.writeBytes(body);
        return message;
    }
}
