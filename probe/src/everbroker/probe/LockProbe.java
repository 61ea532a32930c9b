package everbroker.probe;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.StandardOpenOption;

/**
 * Takes a lock as a broker takes that of its store: FileChannel.tryLock, which is fcntl and not flock. What another host
 * then sees tells whether the file is the same there, and whether its lock holds there.
 *
 * <p>{@code hold FILE TOKEN MARK}: makes the file, locks it, says `held`, and lets go when MARK is gone.
 * {@code try FILE TOKEN busy|taken}: what this host sees; another answer than the expected one is given after a while,
 * because a network file system may be late with its news. Each answer is one JSON line and an end line.
 */
public final class LockProbe {
    private static final int PATIENCE_MS = 3_000;
    private static final int PAUSE_MS = 50;
    /** Whoever was to take the mark away is gone by then. */
    private static final int MOST_HELD_MS = 120_000;

    private LockProbe() {}

    public static void main(String[] args) throws InterruptedException {
        Path file = Paths.get(args[1]);
        if (args[0].equals("hold")) hold(file, args[2], Paths.get(args[3]));
        else say(look(file, args[2], args[3]));
    }

    private static void hold(Path file, String token, Path mark) throws InterruptedException {
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            FileLock lock = channel.tryLock();
            if (lock == null) {
                say(new Report("busy"));
                return;
            }
            channel.truncate(0);
            channel.write(ByteBuffer.wrap(token.getBytes(StandardCharsets.US_ASCII)));
            channel.force(true);
            say(new Report("held"));
            long deadline = System.nanoTime() + MOST_HELD_MS * 1_000_000L;
            while (Files.exists(mark) && System.nanoTime() < deadline) Thread.sleep(PAUSE_MS);
            boolean asked = !Files.exists(mark);
            lock.release();
            if (asked) say(new Report("released"));
        } catch (IOException problem) {
            say(failed(problem));
        }
    }

    private static Report look(Path file, String token, String expected) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE_MS * 1_000_000L;
        for (;;) {
            Report report = once(file, token);
            if (expected.equals(report.fields().get("outcome")) || System.nanoTime() >= deadline) return report;
            Thread.sleep(PAUSE_MS);
        }
    }

    private static Report once(Path file, String token) {
        // rw: an exclusive lock needs a file that is open for writing; it must not be made here
        if (!Files.exists(file)) return new Report("absent");
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            byte[] found = new byte[(int) Math.min(open.length(), 200)];
            open.readFully(found);
            if (!token.equals(new String(found, StandardCharsets.US_ASCII))) return new Report("other");
            FileLock lock = open.getChannel().tryLock();
            if (lock == null) return new Report("busy");
            lock.release();
            return new Report("taken");
        } catch (IOException problem) {
            return failed(problem);
        }
    }

    private static Report failed(IOException problem) {
        String text = problem.getClass().getSimpleName() + ": " + problem.getMessage();
        return new Report("failed").put("detail", text.split("\\R")[0]);
    }

    private static void say(Report report) {
        System.out.println(Report.json(report.fields()));
        System.out.println("end");
        System.out.flush();
    }
}
