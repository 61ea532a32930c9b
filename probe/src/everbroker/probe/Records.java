package everbroker.probe;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The record of one producer or consumer; its form is told in core/drills/load-records.ts. A line is the operating
 * system's when the method returns, so a killed process loses none; what is not written down must not happen. A machine
 * that loses its power may lose lines, and with them whatever it did itself.
 */
final class Records implements Closeable {
    private static final int LONGEST_HEADER = 1_000;

    private final FileChannel channel;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(64 * 1024);
    /** Events are told in time since the start by a clock that nobody sets: latencies are right whatever happens to the other one. */
    private final long startNanos;

    private Records(FileChannel channel, long startNanos) {
        this.channel = channel;
        this.startNanos = startNanos;
    }

    /** @param kind producer or consumer, @param number its number in the flow */
    static Records create(Path file, String kind, String flow, int number) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        Records records = new Records(channel, System.nanoTime());
        String header = kind + ' ' + flow + ' ' + number + ' ' + System.currentTimeMillis() + ".\n";
        if (header.length() > LONGEST_HEADER) throw new IOException("the name of the flow is too long");
        records.buffer.put(header.getBytes(StandardCharsets.US_ASCII));
        records.flush();
        return records;
    }

    /** `s` before it is sent; `a`, `f` or `u` when its end is known. */
    void event(char kind, int seq) {
        add(kind, seq);
        flush();
    }

    /** One of several that are written at once, by `flush`. */
    void add(char kind, int seq) {
        if (buffer.remaining() < 64) flush();
        buffer.put((byte) kind).put((byte) ' ');
        put(seq);
        endWithTime();
    }

    void delivered(int producer, int seq, boolean redelivered) {
        buffer.put((byte) 'd').put((byte) ' ');
        put(producer);
        buffer.put((byte) ' ');
        put(seq);
        buffer.put((byte) ' ');
        put(microseconds());
        buffer.put((byte) ' ').put((byte) (redelivered ? '1' : '0'));
        end();
        flush();
    }

    /** A delivery of a message that is not of this flow. */
    void foreign() {
        buffer.put((byte) 'x');
        endWithTime();
        flush();
    }

    /** @throws UncheckedIOException when nothing can be written down any more, and so nothing may be done any more */
    void flush() {
        buffer.flip();
        try {
            while (buffer.hasRemaining()) channel.write(buffer);
        } catch (IOException problem) {
            throw new UncheckedIOException("the record cannot be written: " + problem.getMessage(), problem);
        } finally {
            buffer.clear();
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private void endWithTime() {
        buffer.put((byte) ' ');
        put(microseconds());
        end();
    }

    private void end() {
        buffer.put((byte) '.').put((byte) '\n');
    }

    private long microseconds() {
        return (System.nanoTime() - startNanos) / 1_000;
    }

    private void put(long number) {
        long power = 1;
        while (number / power >= 10) power *= 10;
        for (; power > 0; power /= 10) buffer.put((byte) ('0' + number / power % 10));
    }
}
