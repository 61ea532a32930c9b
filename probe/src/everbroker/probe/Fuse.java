package everbroker.probe;

import org.apache.activemq.ActiveMQConnection;

/**
 * Cuts a connection when its time is over. Of the commands that failover: repeats until a broker comes back, its own
 * timeout bounds the sending of messages only; a login or a deletion would wait for ever.
 */
final class Fuse {
    private final ActiveMQConnection connection;
    private volatile Clock clock;

    private Fuse(ActiveMQConnection connection, int ms) {
        this.connection = connection;
        this.clock = Clock.in(ms);
    }

    static Fuse light(ActiveMQConnection connection, int ms) {
        Fuse fuse = new Fuse(connection, ms);
        Thread thread = new Thread(fuse::burn, "fuse");
        thread.setDaemon(true);
        thread.start();
        return fuse;
    }

    void lengthen(int ms) {
        clock = Clock.in(ms);
    }

    boolean isBurnt() {
        return clock.isOver();
    }

    private void burn() {
        while (!clock.isOver()) Clock.sleep((int) Math.min(100, Math.max(1, clock.leftMs())));
        try {
            connection.getTransport().stop();
        } catch (Exception closing) {
            // stopped it is, whatever it says
        }
    }
}
