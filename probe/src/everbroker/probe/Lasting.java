package everbroker.probe;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.function.BooleanSupplier;
import javax.jms.JMSException;
import org.apache.activemq.ActiveMQConnection;

/** A producer or consumer that goes on for as long as it is wanted, over as many connections as that takes. */
abstract class Lasting implements Runnable {
    private static final int SHORTEST_PAUSE_MS = 50;
    private static final int LONGEST_PAUSE_MS = 500;

    final Task task;
    final Tally tally;
    final Records records;
    final BooleanSupplier wanted;
    private final String url;
    private final Errors errors;
    private volatile ActiveMQConnection connection;
    private volatile boolean cut;
    private int pauseMs = SHORTEST_PAUSE_MS;

    Lasting(Task task, String url, Parts parts) {
        this.task = task;
        this.url = url;
        this.tally = parts.tally;
        this.records = parts.records;
        this.wanted = parts.wanted;
        this.errors = parts.errors;
    }

    /** What every one of them is given. */
    static final class Parts {
        final Tally tally;
        final Records records;
        final Errors errors;
        final BooleanSupplier wanted;

        Parts(Tally tally, Records records, Errors errors, BooleanSupplier wanted) {
            this.tally = tally;
            this.records = records;
            this.errors = errors;
            this.wanted = wanted;
        }
    }

    /** Works with one connection until it is not wanted any more. */
    abstract void work(ActiveMQConnection open) throws JMSException;

    /** Messages that the broker may send ahead. */
    abstract int prefetch();

    @Override
    public void run() {
        while (wanted.getAsBoolean() && !cut) {
            try {
                connection = Brokers.lasting(task, url, prefetch());
                if (cut) return;
                connection.start();
                work(connection);
            } catch (UncheckedIOException noRecord) {
                throw noRecord;
            } catch (JMSException | RuntimeException problem) {
                if (cut) return;
                errors.add(Thread.currentThread().getName(), problem);
                Clock.sleep(pauseMs);
                pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
            } finally {
                Brokers.close(connection);
            }
        }
        try {
            records.close();
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    /** The broker answered: the next trouble is a new one. */
    void isWell() {
        pauseMs = SHORTEST_PAUSE_MS;
    }

    /** Ends what waits for a broker that does not answer. */
    void cut() {
        cut = true;
        ActiveMQConnection open = connection;
        if (open == null) return;
        try {
            open.getTransport().stop();
        } catch (Exception closing) {
            // stopped it is, whatever it says
        }
    }
}
