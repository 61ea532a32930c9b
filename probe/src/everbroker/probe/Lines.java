package everbroker.probe;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Properties;

/** A request of lines `key=value` on standard input; values are taken as they are. */
final class Lines {
    private Lines() {}

    static Properties read() throws IOException {
        Properties request = new Properties();
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            int split = line.indexOf('=');
            if (split > 0) request.setProperty(line.substring(0, split), line.substring(split + 1));
        }
        return request;
    }
}
