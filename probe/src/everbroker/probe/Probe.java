package everbroker.probe;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Proves brokers with real JMS messages. The request comes as key=value lines on standard input (a password must not
 * stand in argv), the answers go as one JSON line a task to standard output, and an end line closes them, so that a
 * cut output is never taken for a whole one.
 *
 * <p>Exit codes: 0 every task succeeded; 1 a task reports something else; 2 the request is wrong and nothing was done;
 * 3 the deadline passed first.
 */
public final class Probe {
    private static final int ALL_WELL = 0;
    private static final int SOMETHING_AMISS = 1;
    private static final int BAD_REQUEST = 2;
    private static final int DEADLINE_PASSED = 3;

    private Probe() {}

    public static void main(String[] args) throws InterruptedException, IOException {
        List<Task> tasks;
        try {
            tasks = Request.parse(new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)));
        } catch (BadRequest problem) {
            System.err.println("everbroker-probe: " + problem.getMessage());
            System.exit(BAD_REQUEST);
            return;
        }
        Reporter reporter = new Reporter(System.out, tasks);
        startDeadline(reporter, tasks.get(0).number("deadlineMs", 60_000, 1, 86_400_000));
        // what the others leave on their way is swept when they have ended
        runAll(tasks.stream().filter(task -> !task.kind().equals("sweep")).collect(Collectors.toList()), reporter);
        runAll(tasks.stream().filter(task -> task.kind().equals("sweep")).collect(Collectors.toList()), reporter);
        // halt and not exit: a transport that hangs in a shutdown hook must not keep a finished probe alive
        Runtime.getRuntime().halt(reporter.finish() ? ALL_WELL : SOMETHING_AMISS);
    }

    /** One thread a task: the tasks wait for brokers, not for the processor. */
    private static void runAll(List<Task> tasks, Reporter reporter) throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        for (Task task : tasks) {
            Thread thread = new Thread(() -> reporter.report(task, run(task, reporter)), "task-" + task.name());
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) thread.join();
    }

    private static Report run(Task task, Reporter reporter) {
        try {
            switch (task.kind()) {
                case "route": return new Route(task, reporter).run();
                case "tls": return Tls.check(task);
                case "sweep": return Sweep.run(task);
                case "produce": return new Produce(task, reporter).run();
                case "browse": return Browse.run(task);
                case "drain": return new Drain(task, reporter).run();
                default: return Login.check(task);
            }
        } catch (RuntimeException problem) {
            problem.printStackTrace();
            Errors errors = new Errors();
            errors.add("probe", problem);
            return new Report("failed").put("errors", errors.list());
        }
    }

    private static void startDeadline(Reporter reporter, int deadlineMs) {
        Thread thread = new Thread(() -> {
            try {
                Thread.sleep(deadlineMs);
            } catch (InterruptedException stopped) {
                return;
            }
            reporter.giveUp();
            Runtime.getRuntime().halt(DEADLINE_PASSED);
        }, "deadline");
        thread.setDaemon(true);
        thread.start();
    }
}
