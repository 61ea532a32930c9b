package everbroker.probe;

import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads the request: lines before the first `task=` hold for every task, the others for the task they follow. */
final class Request {
    private static final Set<String> KINDS = new HashSet<>(Arrays.asList("route", "tls", "sweep", "produce", "drain", "browse", "login"));
    private static final Set<String> KEYS = new HashSet<>(Arrays.asList(
            "task", "name", "user", "password", "ca", "listeners", "speaks", "anonymous", "run", "queue", "queues", "from", "to", "via", "count", "size",
            "timeoutMs", "idleMs", "lingerMs", "deleteMs", "cleanup", "events", "deadlineMs", "perSecond", "producers",
            "consumers", "transaction"));

    private Request() {}

    /** What the probe does. */
    static List<Task> parse(BufferedReader input) throws IOException, BadRequest {
        return parse(input, KINDS);
    }

    static List<Task> parse(BufferedReader input, Set<String> kinds) throws IOException, BadRequest {
        Map<String, String> shared = new LinkedHashMap<>();
        List<Map<String, String>> sections = new ArrayList<>();
        Map<String, String> current = shared;
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            if (line.isEmpty()) continue;
            int split = line.indexOf('=');
            String key = split < 0 ? "" : line.substring(0, split);
            // a misspelt key would silently become a default, so it is refused; the line is not quoted, it may be a secret
            if (!KEYS.contains(key)) throw new BadRequest("a line is not one of the known key=value lines");
            if (key.equals("task")) {
                current = new LinkedHashMap<>(shared);
                sections.add(current);
            }
            current.put(key, line.substring(split + 1));
        }
        if (sections.isEmpty()) throw new BadRequest("no task");
        List<Task> tasks = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (Map<String, String> section : sections) {
            Task task = new Task(section);
            task.check(kinds);
            if (!names.add(task.name())) throw new BadRequest("two tasks are named " + task.name());
            tasks.add(task);
        }
        return tasks;
    }
}
