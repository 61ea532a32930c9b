package everbroker.probe;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/** What listeners do with plain text, with one who does not know the authority, and with one who does. */
final class Tls {
    /** How an openwire connection begins: a frame's length, its type and the magic. To a TLS server it is no greeting. */
    private static final byte[] OPENWIRE = "\0\0\0\20\1ActiveMQ\0\0\0\1\0\0\0".getBytes(StandardCharsets.ISO_8859_1);
    private static final byte[] HTTP = "GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    private final Task task;
    private final Errors errors = new Errors();
    private final List<String> plain = new ArrayList<>();
    private final List<String> strangers = new ArrayList<>();
    private final List<String> untrusted = new ArrayList<>();
    private int open;
    private String protocol = "";
    private Long notAfter;

    private Tls(Task task) {
        this.task = task;
    }

    static Report check(Task task) {
        return new Tls(task).run();
    }

    /** @return managers that trust the certificate in the file and no other; without a file, what the JVM trusts. */
    static TrustManager[] trusting(String file) {
        try {
            KeyStore store = null;
            if (!file.isEmpty()) {
                store = KeyStore.getInstance("PKCS12");
                store.load(null, null);
                try (InputStream input = new FileInputStream(file)) {
                    store.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(input));
                }
            }
            TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(store);
            return factory.getTrustManagers();
        } catch (GeneralSecurityException | IOException problem) {
            throw new IllegalStateException("the authority's certificate cannot be read", problem);
        }
    }

    private Report run() {
        for (String listener : task.text("listeners", "").split(" ")) {
            try {
                look(listener);
            } catch (ConnectException closed) {
                // a slave's
            } catch (IOException problem) {
                errors.add(listener, problem);
            }
        }
        return new Report(open == 0 ? "unreachable" : "complete")
                .put("plain", String.join(" ", plain))
                .put("strangers", String.join(" ", strangers))
                .put("untrusted", String.join(" ", untrusted))
                .put("open", open)
                .put("protocol", protocol)
                .put("notAfter", notAfter)
                .put("now", System.currentTimeMillis())
                .put("errors", errors.list());
    }

    private void look(String listener) throws IOException {
        if (takesPlainText(listener)) plain.add(listener);
        open++;
        if (shakesHands(listener, "")) strangers.add(listener);
        if (!shakesHands(listener, task.text("ca", ""))) untrusted.add(listener);
    }

    /** A server of plain text answers in its own protocol; one of TLS sends an alert or hangs up. */
    private boolean takesPlainText(String listener) throws IOException {
        boolean http = task.text("speaks", "").equals("http");
        try (Socket socket = connect(listener)) {
            try {
                socket.getOutputStream().write(http ? HTTP : OPENWIRE);
                byte[] answer = new byte[64];
                int length = socket.getInputStream().read(answer);
                if (length <= 0) return false;
                String text = new String(answer, 0, length, StandardCharsets.ISO_8859_1);
                return http ? text.startsWith("HTTP/") : text.contains("ActiveMQ");
            } catch (IOException hungUp) {
                return false;
            }
        }
    }

    private boolean shakesHands(String listener, String ca) throws IOException {
        try (Socket below = connect(listener)) {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, trusting(ca), null);
            int port = portOf(listener);
            SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(below, hostOf(listener), port, true);
            SSLParameters parameters = socket.getSSLParameters();
            // the certificate must also be for this address
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            socket.setSSLParameters(parameters);
            socket.startHandshake();
            if (!ca.isEmpty()) note(socket);
            return true;
        } catch (SSLException problem) {
            if (!ca.isEmpty()) errors.add(listener, problem);
            return false;
        } catch (GeneralSecurityException problem) {
            throw new IllegalStateException(problem);
        }
    }

    private void note(SSLSocket socket) throws SSLException {
        protocol = socket.getSession().getProtocol();
        long end = ((X509Certificate) socket.getSession().getPeerCertificates()[0]).getNotAfter().getTime();
        if (notAfter == null || end < notAfter) notAfter = end;
    }

    private Socket connect(String listener) throws IOException {
        Socket socket = new Socket();
        socket.setSoTimeout(task.timeoutMs());
        socket.connect(new InetSocketAddress(hostOf(listener), portOf(listener)), task.timeoutMs());
        return socket;
    }

    private static String hostOf(String listener) {
        return listener.substring(0, listener.lastIndexOf(':'));
    }

    private static int portOf(String listener) {
        return Integer.parseInt(listener.substring(listener.lastIndexOf(':') + 1));
    }
}
