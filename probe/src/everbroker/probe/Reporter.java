package everbroker.probe;

import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes the lines of standard output, from all tasks' threads. */
final class Reporter {
    private final PrintStream out;
    private final Map<String, Task> unfinished = new LinkedHashMap<>();
    private boolean allWell = true;
    private int reported;
    private boolean closed;

    Reporter(PrintStream out, List<Task> tasks) {
        this.out = out;
        for (Task task : tasks) unfinished.put(task.name(), task);
    }

    synchronized void report(Task task, Report report) {
        if (closed) return;
        unfinished.remove(task.name());
        allWell &= report.isWell();
        reported++;
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("name", task.name());
        line.put("task", task.kind());
        line.putAll(report.fields());
        write(line);
    }

    /** One line a message, for ledgers; only when the task asks for it. */
    synchronized void event(Task task, String event, int seq) {
        if (closed || !task.flag("events")) return;
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("event", event);
        line.put("name", task.name());
        line.put("seq", seq);
        line.put("at", System.currentTimeMillis());
        write(line);
    }

    /** @return whether every task succeeded */
    synchronized boolean finish() {
        if (!closed) {
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("end", true);
            line.put("reported", reported);
            write(line);
        }
        closed = true;
        return allWell;
    }

    /** The deadline passed: every task that is still at work is reported so. */
    synchronized void giveUp() {
        for (Task task : unfinished.values().toArray(new Task[0])) report(task, new Report("timeout"));
        finish();
    }

    private void write(Map<String, Object> line) {
        out.println(Report.json(line));
        out.flush();
    }
}
