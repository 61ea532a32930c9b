package everbroker.probe;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/**
 * Asks ZooKeeper who of a group's nodes is registered there and who was elected. Lines on standard input: `servers=` (apart
 * by commas), `path=`, and `patienceMs=`, for which a server that serves is looked for. The answer is one JSON line,
 * with the name under which each node is registered and what it says there, and an end line.
 *
 * <p>It speaks the few words of the protocol itself: so it needs no client that fits the server, and believes nothing that
 * the brokers' client believes.
 */
public final class ElectionProbe {
    private static final int CONNECT_MS = 2_000;
    private static final int ANSWER_MS = 3_000;
    private static final int PAUSE_MS = 200;
    private static final int SESSION_MS = 5_000;
    private static final int GET_DATA = 4;
    private static final int GET_CHILDREN = 8;
    private static final int CLOSE = -11;
    private static final int NO_NODE = -101;
    private static final int NO_AUTH = -102;
    /** No answer to these questions is larger. */
    private static final int MOST_BYTES = 1 << 20;

    private ElectionProbe() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        Properties request = Lines.read();
        System.out.println(Report.json(look(request).fields()));
        System.out.println("end");
        System.out.flush();
    }

    private static Report look(Properties request) throws InterruptedException {
        String[] servers = request.getProperty("servers", "").split(",");
        long deadline = System.nanoTime() + Long.parseLong(request.getProperty("patienceMs", "0")) * 1_000_000L;
        for (;;) {
            List<String> problems = new ArrayList<>();
            for (String server : servers) {
                try (Session session = new Session(server)) {
                    return session.members(request.getProperty("path"));
                } catch (Refused refused) {
                    return new Report("refused").put("error", server + ": " + refused.getMessage());
                } catch (IOException problem) {
                    problems.add(server + ": " + text(problem));
                }
            }
            if (System.nanoTime() >= deadline) return new Report("unreachable").put("error", String.join("; ", problems));
            Thread.sleep(PAUSE_MS);
        }
    }

    private static String text(IOException problem) {
        // A server that is in no majority takes the connection and closes it at once.
        if (problem instanceof EOFException) return "it serves nobody: it is in no majority";
        return String.valueOf(problem.getMessage()).split("\\R")[0];
    }

    private static final class Refused extends IOException {
        private static final long serialVersionUID = 1L;

        Refused(String message) {
            super(message);
        }
    }

    /** One connection with its session; requests and answers are frames of a length and as many bytes. */
    private static final class Session implements AutoCloseable {
        private final Socket socket = new Socket();
        private final DataOutputStream out;
        private final DataInputStream in;
        private int requests;

        Session(String server) throws IOException {
            int colon = server.lastIndexOf(':');
            try {
                int port = Integer.parseInt(server.substring(colon + 1));
                socket.connect(new InetSocketAddress(server.substring(0, colon), port), CONNECT_MS);
                socket.setSoTimeout(ANSWER_MS);
                out = new DataOutputStream(socket.getOutputStream());
                in = new DataInputStream(socket.getInputStream());
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                DataOutputStream hello = new DataOutputStream(bytes);
                hello.writeInt(0);
                hello.writeLong(0);
                hello.writeInt(SESSION_MS);
                hello.writeLong(0);
                hello.writeInt(16);
                hello.write(new byte[16]);
                send(bytes);
                frame();
            } catch (IOException | RuntimeException problem) {
                socket.close();
                throw problem;
            }
        }

        /** What the nodes have registered. A path that is not there has no members: no node was ever started. */
        Report members(String path) throws IOException {
            List<String> names = new ArrayList<>();
            DataInputStream answer = ask(GET_CHILDREN, path);
            if (answer != null) for (int left = answer.readInt(); left > 0; left--) names.add(string(answer));
            List<Map<String, String>> members = new ArrayList<>();
            for (String name : names) {
                DataInputStream data = ask(GET_DATA, path + "/" + name);
                // It left between the two questions.
                if (data == null) continue;
                Map<String, String> member = new LinkedHashMap<>();
                member.put("id", name);
                member.put("data", string(data));
                members.add(member);
            }
            return new Report("ok").put("members", members);
        }

        /** The answer behind its header, or null when there is no such node. */
        private DataInputStream ask(int kind, String path) throws IOException {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            DataOutputStream request = new DataOutputStream(bytes);
            request.writeInt(++requests);
            request.writeInt(kind);
            byte[] text = path.getBytes(StandardCharsets.UTF_8);
            request.writeInt(text.length);
            request.write(text);
            request.writeBoolean(false);
            send(bytes);
            DataInputStream answer = frame();
            answer.readInt();
            answer.readLong();
            int error = answer.readInt();
            if (error == NO_NODE) return null;
            if (error == NO_AUTH) throw new Refused("it lets nobody without a login read " + path);
            if (error != 0) throw new IOException("ZooKeeper's error " + error);
            return answer;
        }

        private void send(ByteArrayOutputStream bytes) throws IOException {
            ByteArrayOutputStream framed = new ByteArrayOutputStream();
            new DataOutputStream(framed).writeInt(bytes.size());
            bytes.writeTo(framed);
            out.write(framed.toByteArray());
            out.flush();
        }

        private DataInputStream frame() throws IOException {
            byte[] bytes = new byte[bounded(in.readInt())];
            in.readFully(bytes);
            return new DataInputStream(new java.io.ByteArrayInputStream(bytes));
        }

        private static String string(DataInputStream from) throws IOException {
            int length = from.readInt();
            if (length == -1) return "";
            byte[] bytes = new byte[bounded(length)];
            from.readFully(bytes);
            return new String(bytes, StandardCharsets.UTF_8);
        }

        private static int bounded(int length) throws IOException {
            if (length < 0 || length > MOST_BYTES) throw new IOException("what answers is no ZooKeeper");
            return length;
        }

        /** Tells the server, which would keep the session until it ends by itself. */
        @Override
        public void close() throws IOException {
            try {
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                DataOutputStream bye = new DataOutputStream(bytes);
                bye.writeInt(++requests);
                bye.writeInt(CLOSE);
                send(bytes);
            } catch (IOException gone) {
                // The answer is there already.
            } finally {
                socket.close();
            }
        }
    }
}
