package everbroker.probe;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;

/**
 * Looks at a store in a database as a broker of this host would: with its driver and its login. Lines on standard input:
 * `url=`, and `ask=lease` (who holds the lock) or `ask=ready` (whether a broker could start on it). The argument is the
 * node's credentials file. The answer is one JSON line and an end line.
 */
public final class StoreProbe {
    private static final int LOGIN_SECONDS = 5;

    private StoreProbe() {}

    public static void main(String[] args) throws IOException {
        Properties request = Lines.read();
        Properties credentials = new Properties();
        try (InputStream file = Files.newInputStream(Paths.get(args[0]))) {
            credentials.load(file);
        }
        Properties login = new Properties();
        login.setProperty("user", credentials.getProperty("store.user", ""));
        login.setProperty("password", credentials.getProperty("store.password", ""));
        System.out.println(Report.json(look(request, login).fields()));
        System.out.println("end");
        System.out.flush();
        // halt: a pool's threads of a driver must not keep a finished probe alive
        Runtime.getRuntime().halt(0);
    }

    private static Report look(Properties request, Properties login) {
        DriverManager.setLoginTimeout(LOGIN_SECONDS);
        try (Connection connection = DriverManager.getConnection(request.getProperty("url"), login)) {
            return "ready".equals(request.getProperty("ask")) ? ready(connection) : lease(connection);
        } catch (SQLException problem) {
            return told(problem);
        }
    }

    /** The lock's one row. The time is that of brokers, and so compared with this host's clock. */
    private static Report lease(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT BROKER_NAME, TIME FROM ACTIVEMQ_LOCK WHERE ID = 1")) {
            Report report = new Report("ok");
            if (!row.next() || row.getString(1) == null) return report.put("holder", null).put("leftMs", 0);
            return report.put("holder", row.getString(1)).put("leftMs", row.getLong(2) - System.currentTimeMillis());
        }
    }

    /** Tables that can be read are enough; else one must be possible to make. */
    private static Report ready(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String table : new String[] {"ACTIVEMQ_LOCK", "ACTIVEMQ_MSGS", "ACTIVEMQ_ACKS"})
                statement.executeQuery("SELECT 1 FROM " + table + " WHERE 1 = 0").close();
            return new Report("ok").put("tables", true);
        } catch (SQLException missing) {
            if (!isMissingTable(missing)) throw missing;
        }
        String name = "EVERBROKER_PROBE_" + Long.toString(System.nanoTime(), 36);
        try (Statement statement = connection.createStatement()) {
            statement.executeUpdate("CREATE TABLE " + name + " (ID INTEGER)");
            statement.executeUpdate("DROP TABLE " + name);
            return new Report("ok").put("tables", false);
        } catch (SQLException problem) {
            return new Report("no-rights").put("error", text(problem));
        }
    }

    /** By the standard's states, and by MariaDB's own numbers where it has one state for many things. */
    private static Report told(SQLException problem) {
        String state = problem.getSQLState() == null ? "" : problem.getSQLState();
        int code = problem.getErrorCode();
        return new Report(outcome(state, code)).put("error", text(problem));
    }

    private static String outcome(String state, int code) {
        if (state.equals("3D000") || code == 1049) return "no-database";
        if (state.equals("42501") || code == 1044 || code == 1142) return "no-rights";
        if (state.startsWith("28") || code == 1045 || code == 1130) return "refused";
        if (isMissing(state, code)) return "no-tables";
        // MySQL takes a password over TLS, or encrypted with its public key; without, MariaDB's driver (3.4.1) goes no further
        if (state.equals("S1009")) return "needs-tls";
        // 57: it shuts down or starts up; 53: it has no connection left
        if (state.startsWith("08") || state.startsWith("57") || state.startsWith("53") || code == 1040) return "unreachable";
        return "failed";
    }

    private static boolean isMissingTable(SQLException problem) {
        return isMissing(problem.getSQLState(), problem.getErrorCode());
    }

    private static boolean isMissing(String state, int code) {
        return "42P01".equals(state) || code == 1146;
    }

    private static String text(SQLException problem) {
        String message = String.valueOf(problem.getMessage());
        String line = message.split("\\R")[0];
        return line.length() > 300 ? line.substring(0, 300) : line;
    }
}
