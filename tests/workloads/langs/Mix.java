// SPDX-License-Identifier: Apache-2.0
// Mix.java: what the JVM asks of a kernel: threads, monitors, parking, safepoints, compiled code, a
// heap of 256 MB collected under load, faults it turns into exceptions, files, maps, children, signals.
import java.io.*;
import java.nio.*;
import java.nio.channels.*;
import java.nio.file.*;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.*;
import java.util.stream.*;
import java.util.zip.CRC32;

public class Mix {
	static int counter;

	static void threads() throws Exception {
		Object lock = new Object();
		AtomicLong atom = new AtomicLong();
		Thread[] ts = new Thread[200];
		for (int i = 0; i < ts.length; i++) {
			ts[i] = new Thread(() -> {
				for (int j = 0; j < 200; j++) {
					synchronized (lock) { counter++; }
					atom.incrementAndGet();
				}
			});
			ts[i].start();
		}
		for (Thread t : ts)
			t.join();
		SynchronousQueue<Integer> q = new SynchronousQueue<>();
		Thread p = new Thread(() -> {
			try {
				for (int i = 1; i <= 2000; i++)
					q.put(i);
			} catch (InterruptedException e) { }
		});
		p.start();
		long sum = 0;
		for (int i = 0; i < 2000; i++)
			sum += q.take();
		p.join();
		Thread s = new Thread(() -> {
			try { Thread.sleep(100000); } catch (InterruptedException e) { counter++; }
		});
		s.start();
		s.interrupt();
		s.join();
		long par = LongStream.range(0, 2000000).parallel().map(x -> x * x % 7).sum();
		System.out.println("threads " + counter + " " + atom + " handed " + sum + " parallel " + par);
	}

	static void timers() throws Exception {
		ScheduledExecutorService ex = Executors.newScheduledThreadPool(2);
		AtomicInteger early = new AtomicInteger();
		long start = System.nanoTime();
		CountDownLatch all = new CountDownLatch(4), ticks = new CountDownLatch(20);
		for (int ms : new int[] { 90, 30, 60, 1 })
			ex.schedule(() -> {
				if (System.nanoTime() - start < ms * 1000000L)
					early.incrementAndGet();
				all.countDown();
			}, ms, TimeUnit.MILLISECONDS);
		ex.scheduleAtFixedRate(ticks::countDown, 0, 2, TimeUnit.MILLISECONDS);
		all.await();
		ticks.await();
		ex.shutdownNow();
		System.out.println("timers early " + early + " ended " + ex.awaitTermination(5, TimeUnit.SECONDS));
	}

	static void heap() throws Exception {
		byte[][] keep = new byte[120][];
		for (int i = 0; i < keep.length; i++) {
			keep[i] = new byte[1 << 20];
			Arrays.fill(keep[i], (byte)i);
		}
		ExecutorService ex = Executors.newFixedThreadPool(4);
		List<Future<Long>> fs = new ArrayList<>();
		for (int g = 0; g < 4; g++)
			fs.add(ex.submit(() -> {
				long n = 0;
				for (int i = 0; i < 20000; i++) {
					Map<Integer, String> m = new HashMap<>();
					for (int j = 0; j < 20; j++)
						m.put(j, "v" + j);
					n += m.size();
				}
				return n;
			}));
		long n = 0;
		for (Future<Long> f : fs)
			n += f.get();
		ex.shutdown();
		System.gc();
		long sum = 0;
		for (byte[] b : keep)
			sum += b[77];
		boolean oom = false;
		try {
			List<byte[]> more = new ArrayList<>();
			for (;;)
				more.add(new byte[8 << 20]);
		} catch (OutOfMemoryError e) { oom = true; }
		System.out.println("heap " + n + " " + sum + " out of memory " + oom + " of " + (Runtime.getRuntime().maxMemory() >> 20));
	}

	static int depth;
	static void down() { depth++; down(); }
	static void faults() {
		int nulls = 0, overflows = 0;
		String[] s = { "a", null };
		for (int i = 0; i < 20000; i++)
			try { nulls -= s[i & 1].length() - 1; } catch (NullPointerException e) { nulls++; }
		for (int i = 0; i < 5; i++)
			try { down(); } catch (StackOverflowError e) { overflows++; }
		int zero = 0;
		try { zero = 1 / zero; } catch (ArithmeticException e) { zero = -1; }
		System.out.println("faults " + nulls + " overflows " + overflows + " " + (depth > 5000) + " " + zero);
	}

	static void files() throws Exception {
		Path dir = Files.createTempDirectory("mix");
		CRC32 crc = new CRC32();
		for (int i = 0; i < 50; i++)
			Files.writeString(dir.resolve("f" + i), ("text " + i + "\n").repeat(1000));
		try (Stream<Path> st = Files.list(dir)) {
			for (Path p : st.sorted().collect(Collectors.toList()))
				crc.update(Files.readAllBytes(p));
		}
		Path m = dir.resolve("map");
		try (FileChannel ch = FileChannel.open(m, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
			MappedByteBuffer b = ch.map(FileChannel.MapMode.READ_WRITE, 0, 1 << 20);
			for (int i = 0; i < 1 << 20; i += 4)
				b.putInt(i, i);
			b.force();
			ByteBuffer r = ByteBuffer.allocateDirect(8);
			ch.read(r, 4096);
			FileLock l = ch.lock();
			System.out.print("files " + crc.getValue() + " map " + r.getInt(0) + " lock " + l.isValid());
		}
		Pipe pipe = Pipe.open();
		pipe.source().configureBlocking(false);
		Selector sel = Selector.open();
		pipe.source().register(sel, SelectionKey.OP_READ);
		int before = sel.select(10);
		pipe.sink().write(ByteBuffer.wrap(new byte[3]));
		System.out.println(" select " + before + " " + sel.select());
		try (Stream<Path> st = Files.walk(dir)) {
			st.sorted(Comparator.reverseOrder()).forEach(p -> p.toFile().delete());
		}
		System.out.println("gone " + !Files.exists(dir));
	}

	static void children() throws Exception {
		StringBuilder out = new StringBuilder();
		for (int i = 0; i < 5; i++) {
			Process p = new ProcessBuilder("/bin/sh", "-c", "read a; echo $a-" + i + "; exit " + i).start();
			p.getOutputStream().write("in\n".getBytes());
			p.getOutputStream().close();
			out.append(new String(p.getInputStream().readAllBytes()).trim()).append(':').append(p.waitFor()).append(' ');
		}
		Process s = new ProcessBuilder("sleep", "100").start();
		s.destroyForcibly();
		System.out.println("children " + out + "killed " + s.waitFor());
		try {
			new ProcessBuilder("/no/such").start();
		} catch (IOException e) { System.out.println(e.getMessage()); }
	}

	interface Part { void run() throws Exception; }
	static void part(String name, Part p) throws Exception {
		long b = System.nanoTime();
		p.run();
		if (System.getenv("MIX_TIMES") != null)
			System.err.println(name + " " + (System.nanoTime() - b) / 1000000 + " ms");
	}

	public static void main(String[] a) throws Exception {
		part("threads", Mix::threads);
		part("timers", Mix::timers);
		part("heap", Mix::heap);
		part("faults", Mix::faults);
		part("files", Mix::files);
		part("children", Mix::children);
		Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("hook")));
		System.exit(9);
	}
}
