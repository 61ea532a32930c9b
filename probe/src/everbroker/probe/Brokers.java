package everbroker.probe;

import javax.jms.JMSException;
import javax.jms.JMSSecurityException;
import org.apache.activemq.ActiveMQConnection;
import org.apache.activemq.ActiveMQConnectionFactory;
import org.apache.activemq.ActiveMQSslConnectionFactory;
import org.apache.activemq.command.ActiveMQQueue;

/** Connections to brokers, and what their failures mean. */
final class Brokers {
    /** What a task may take beyond its timeout, to close, drain and delete. */
    private static final int CLEANUP_MS = 10_000;

    private Brokers() {}

    /** @return a started connection, within about the task's timeout */
    static ActiveMQConnection connect(Task task, String url) throws JMSException {
        ActiveMQConnectionFactory factory = login(task, url);
        // a send that returns is an acknowledged one; asynchronous sends lose messages when a master dies
        factory.setUseAsyncSend(false);
        factory.setAlwaysSyncSend(true);
        // failover: bounds only the time without a connection; a frozen broker answers neither sends nor logins
        factory.setSendTimeout(task.timeoutMs());
        factory.setConnectResponseTimeout(task.timeoutMs());
        ActiveMQConnection connection = (ActiveMQConnection) factory.createConnection();
        Fuse fuse = Fuse.light(connection, task.timeoutMs());
        try {
            connection.start();
            fuse.lengthen(task.timeoutMs() + CLEANUP_MS);
            return connection;
        } catch (JMSException problem) {
            close(connection);
            if (!fuse.isBurnt()) throw problem;
            JMSException late = new JMSException("no connection within " + task.timeoutMs() + " ms");
            late.initCause(problem);
            throw late;
        }
    }

    /** @return a connection that is not started yet; it waits for a broker for as long as it takes. */
    static ActiveMQConnection lasting(Task task, String url, int prefetch) throws JMSException {
        ActiveMQConnectionFactory factory = login(task, url);
        factory.getPrefetchPolicy().setQueuePrefetch(prefetch);
        return (ActiveMQConnection) factory.createConnection();
    }

    private static ActiveMQConnectionFactory login(Task task, String url) throws JMSException {
        ActiveMQConnectionFactory factory = factory(task, url);
        if (!task.flag("anonymous")) {
            factory.setUserName(task.text("user", null));
            factory.setPassword(task.text("password", null));
        }
        // advisories would need rights beyond the probe's own queues
        factory.setWatchTopicAdvisories(false);
        // how long close() waits for a broker that is gone
        factory.setCloseTimeout(1_000);
        return factory;
    }

    private static ActiveMQConnectionFactory factory(Task task, String url) throws JMSException {
        if (!url.contains("ssl://")) return new ActiveMQConnectionFactory(url);
        ActiveMQSslConnectionFactory factory = new ActiveMQSslConnectionFactory(url);
        factory.setKeyAndTrustManagers(null, Tls.trusting(task.text("ca", "")), null);
        return factory;
    }

    /** Whether a broker is at the other end just now. */
    static boolean isConnected(ActiveMQConnection connection) {
        return connection != null && connection.getTransport().isConnected();
    }

    static void close(ActiveMQConnection connection) {
        if (connection == null) return;
        try {
            connection.close();
        } catch (JMSException gone) {
            // closing tells nothing about messages: what counts was acknowledged before
        }
    }

    /** Whether the broker itself said no to the login or to the right. */
    static boolean isRefusal(Throwable problem) {
        for (Throwable cause = problem; cause != null; cause = cause.getCause()) {
            if (cause instanceof JMSSecurityException || cause instanceof SecurityException) return true;
        }
        return false;
    }

    static String outcomeOf(Throwable problem) {
        return isRefusal(problem) ? "refused" : "unreachable";
    }

    /**
     * Deletes the queue. The broker refuses while a bridge's subscription still exists, which ends a moment after its
     * consumer's (over a slow bridge a long one), so it is tried again for two seconds, or as long as the task says.
     *
     * @return "deleted", or why not
     */
    static String delete(ActiveMQConnection connection, Task task, String queue) {
        if (!isConnected(connection)) return "not connected";
        long end = System.currentTimeMillis() + task.number("deleteMs", 2_000, 0, 600_000);
        while (true) {
            try {
                connection.destroyDestination(new ActiveMQQueue(queue));
                return "deleted";
            } catch (JMSException problem) {
                if (isRefusal(problem) || System.currentTimeMillis() > end)
                    return problem.getClass().getName() + ": " + problem.getMessage();
                Clock.sleep(50);
            }
        }
    }
}
