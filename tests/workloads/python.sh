# SPDX-License-Identifier: Apache-2.0
# python.sh: Python 3.11 at work, as Debian has it; its own tests are in
# python_suite.bash.
. tests/workloads/roots.bash
. tests/lib.sh
. tests/workloads/items.bash
py() { # WHAT: an item that is Python
	local text
	text=$(cat)
	item "$1" <<<"cat >item.py <<'PY'"$'\n'"$text"$'\n'"PY"$'\n''exec python3 item.py'
}

py 'os and tempfile' <<'PY'
import os, stat, tempfile, shutil, glob, errno, pwd, platform
with tempfile.TemporaryDirectory() as d, tempfile.NamedTemporaryFile(dir=d) as f, tempfile.TemporaryFile() as g, tempfile.SpooledTemporaryFile(10) as s:
    g.write(b"x" * 100); g.seek(50); print(len(g.read()))
    s.write(b"y" * 100); print(s._rolled, os.listdir(d) == [os.path.basename(f.name)], oct(os.stat(f.name).st_mode))
    os.makedirs(d + "/a/b/c"); os.symlink("a", d + "/l"); os.link(f.name, d + "/h"); print(sorted(os.listdir(d + "/l")), os.stat(d + "/h").st_nlink)
    for root, dirs, files in os.walk(d, topdown=False): print(root[len(d):], dirs, len(files))
    with os.scandir(d) as it: print(sorted((e.is_dir(), e.is_symlink(), e.is_file()) for e in it))
    fd = os.open(d, os.O_RDONLY); print(os.open("new", os.O_CREAT | os.O_WRONLY, 0o600, dir_fd=fd) > 0, os.access("new", os.X_OK, dir_fd=fd), os.stat("new", dir_fd=fd).st_mode)
    os.utime(d + "/h", ns=(1, 2)); print(os.stat(d + "/h").st_mtime_ns)
    try: os.setxattr(d + "/h", "user.a", b"v"); print(os.listxattr(d + "/h"), os.getxattr(d + "/h", "user.a"))
    except OSError as e: print(errno.errorcode[e.errno])
    shutil.copytree(d + "/a", d + "/copy"); print(glob.glob("**/c", root_dir=d, recursive=True)); os.truncate(d + "/h", 7); os.posix_fallocate(fd := os.open(d + "/h", os.O_RDWR), 0, 99); print(os.fstat(fd).st_size, os.pread(fd, 4, 0), os.lseek(fd, 0, os.SEEK_END))
    try: os.rmdir(d + "/a")
    except OSError as e: print(errno.errorcode[e.errno])
    r, w = os.pipe(); os.write(w, b"abc"); print(os.readv(r, [bytearray(2), bytearray(2)]), os.get_blocking(r), os.isatty(r)); print(os.copy_file_range(fd, fd, 4, 0, 50), os.sched_getaffinity(0) != set(), os.getpriority(os.PRIO_PROCESS, 0) >= 0)
print(os.path.exists(d), pwd.getpwuid(0).pw_dir, platform.libc_ver()[0], os.uname().sysname, os.getcwd(), os.cpu_count() > 0, len(os.urandom(9)), os.get_terminal_size.__name__, os.umask(0o22), os.getgroups(), os.times().user >= 0, len(os.getloadavg()), os.statvfs("/").f_namemax)
PY
py 'subprocess and signal' <<'PY'
import subprocess, signal, os, time, sys, threading
run = subprocess.run
print(run(["cat"], input=b"in", capture_output=True).stdout, run("exit 3", shell=True).returncode, run(["kill", "-9", "0"], start_new_session=True).returncode)
print(run("echo out; echo err >&2", shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd="/", env={"A": "b"}).stdout)
try: run(["sleep", "9"], timeout=0.3)
except subprocess.TimeoutExpired: print("timeout")
try: run(["/no/such"])
except FileNotFoundError as e: print(e)
p = subprocess.Popen(["sh", "-c", "trap 'echo got; exit 5' TERM; echo ready; while :; do sleep 0.05; done"], stdout=subprocess.PIPE, text=True); print(p.stdout.readline()); p.terminate(); print(p.stdout.read(), p.wait())
a = subprocess.Popen(["seq", "100000"], stdout=subprocess.PIPE); b = subprocess.Popen(["wc", "-c"], stdin=a.stdout, stdout=subprocess.PIPE); a.stdout.close(); print(b.communicate(), a.wait())
print(run([sys.executable, "-c", "import os; print(sorted(os.listdir('/proc/self/fd'))[:3])"], capture_output=True).stdout, run("id -u", shell=True, user=65534, capture_output=True).stdout, run("echo $$; ps -o pgid= -p $$", shell=True, process_group=0, capture_output=True).stdout.split()[0] != b"")
seen = []
signal.signal(signal.SIGUSR1, lambda *a: seen.append(a[0])); os.kill(os.getpid(), signal.SIGUSR1); signal.raise_signal(signal.SIGUSR1); print(seen)
signal.signal(signal.SIGALRM, lambda *a: seen.append("alarm")); signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05); time.sleep(0.4); signal.setitimer(signal.ITIMER_REAL, 0); print("alarm" in seen)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2]); os.kill(os.getpid(), signal.SIGUSR2); print(signal.sigpending(), signal.sigwait([signal.SIGUSR2])); print(signal.sigtimedwait([signal.SIGUSR2], 0.05))
fd = os.pidfd_open(p := subprocess.Popen(["sleep", "60"]).pid); signal.pidfd_send_signal(fd, signal.SIGKILL); print(os.waitid(os.P_PIDFD, fd, os.WEXITED).si_status); r, w = os.pipe(); os.set_blocking(w, False); signal.set_wakeup_fd(w); signal.raise_signal(signal.SIGUSR1); print(os.read(r, 9))
if not os.fork(): signal.signal(signal.SIGINT, signal.default_int_handler); time.sleep(0); os.kill(os.getpid(), signal.SIGSEGV)
print(os.WTERMSIG(os.wait()[1])); print(os.waitstatus_to_exitcode(os.posix_spawn("/bin/sh", ["sh", "-c", "exit 6"], os.environ) and os.wait()[1]))
PY
py 'threading' <<'PY'
import threading, queue, time, concurrent.futures as cf, os
n = 0; lock = threading.Lock()
def add():
    global n
    for _ in range(2000):
        with lock: n += 1
ts = [threading.Thread(target=add) for _ in range(8)]; [t.start() for t in ts]; [t.join() for t in ts]; print(n, threading.active_count())
q = queue.Queue(3); out = []
def work():
    while (x := q.get()) is not None: out.append(x * x)
t = threading.Thread(target=work); t.start(); [q.put(i) for i in range(100)]; q.put(None); t.join(); print(sum(out))
ev = threading.Event(); threading.Timer(0.05, ev.set).start(); print(ev.wait(5), ev.wait(0)); b = threading.Barrier(4); hits = []
def meet(): hits.append(b.wait(10))
ts = [threading.Thread(target=meet) for _ in range(4)]; [t.start() for t in ts]; [t.join() for t in ts]; print(sorted(hits)); c = threading.Condition(); ready = []
def consumer():
    with c: print(c.wait_for(lambda: ready, 10))
t = threading.Thread(target=consumer); t.start()
with c: ready.append(1); c.notify_all()
t.join(); s = threading.Semaphore(2); print(s.acquire(), s.acquire(), s.acquire(timeout=0.05)); l = threading.local(); l.x = 1
with cf.ThreadPoolExecutor(8) as ex: print(sum(ex.map(len, map(str, range(1000)))), ex.submit(os.getpid).result() == os.getpid(), len({*ex.map(lambda _: (time.sleep(0.05), threading.get_native_id())[1], range(8))}) > 1)
threading.stack_size(1 << 20); t = threading.Thread(target=lambda: print(threading.current_thread().name), name="named"); t.start(); t.join()
PY
py 'multiprocessing' <<'PY'
import multiprocessing as mp, os, time, sys, signal
from multiprocessing import shared_memory, managers
def square(x): return x * x
def child(conn, q, v, l, e):
    with l: v.value += 1
    conn.send(("from", mp.current_process().name)); q.put(conn.recv()); e.set(); sys.exit(4)
def write(name): m = shared_memory.SharedMemory(name); m.buf[:4] = b"done"; m.close()
def main(how):
    ctx = mp.get_context(how); a, b = ctx.Pipe(); q = ctx.Queue(); v = ctx.Value("i", 41); l = ctx.Lock(); e = ctx.Event()
    p = ctx.Process(target=child, args=(b, q, v, l, e), name="kid"); p.start(); print(how, a.recv()); a.send([1, 2]); print(q.get(), e.wait(60)); p.join(); print(p.exitcode, v.value)
    m = shared_memory.SharedMemory(create=True, size=4096); p = ctx.Process(target=write, args=(m.name,)); p.start(); p.join(); print(bytes(m.buf[:4])); m.close(); m.unlink()
    with ctx.Pool(3) as pool: print(sum(pool.map(square, range(200))), pool.apply_async(square, (9,)).get(60), sorted(pool.imap_unordered(square, range(5))))
    p = ctx.Process(target=time.sleep, args=(60,)); p.start(); p.terminate(); p.join(); print(p.exitcode == -signal.SIGTERM)
if __name__ == "__main__":
    main("fork"); main("spawn")
    with mp.Manager() as m: d = m.dict(); p = mp.Process(target=d.update, args=({"k": 1},)); p.start(); p.join(); print(dict(d))
PY
py 'asyncio' <<'PY'
import asyncio, os, signal, sys, tempfile, socket
async def serve(r, w):
    while line := await r.readline(): w.write(line.upper()); await w.drain()
    w.close()
async def main():
    d = tempfile.mkdtemp(); path = d + "/sock"; server = await asyncio.start_unix_server(serve, path)
    async def talk(i):
        r, w = await asyncio.open_unix_connection(path); out = []
        for k in range(20): w.write(b"line %d %d\n" % (i, k)); out.append(await r.readline())
        w.write(b"z" * 60000 + b"\n"); out.append(await r.readline()); w.write_eof(); print(i, out[3], len(out[-1]), await r.read()); w.close(); await w.wait_closed()
    for i in range(3): await talk(i)
    print(len(await asyncio.gather(*(asyncio.open_unix_connection(path) for _ in range(30))))); server.close()
    p = await asyncio.create_subprocess_exec("sh", "-c", "read x; echo got $x; echo err >&2; exit 3", stdin=-1, stdout=-1, stderr=-1); print(await p.communicate(b"hello\n"), p.returncode)
    loop = asyncio.get_running_loop(); ev = asyncio.Event(); loop.add_signal_handler(signal.SIGUSR1, ev.set); os.kill(os.getpid(), signal.SIGUSR1); await asyncio.wait_for(ev.wait(), 10); print("signal")
    r, w = os.pipe(); sr = asyncio.StreamReader(); await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(sr), os.fdopen(r, "rb")); t, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, os.fdopen(w, "wb")); t.write(b"piped" * 50000); t.close(); print(len(await sr.read()))
    try: await asyncio.wait_for(asyncio.sleep(9), 0.05)
    except asyncio.TimeoutError: print("timeout")
    print(await loop.run_in_executor(None, os.getppid) == os.getppid()); a, b = socket.socketpair(); a.setblocking(False); b.setblocking(False); await loop.sock_sendall(a, b"pair"); print(await loop.sock_recv(b, 9))
    socket.send_fds(a, [b"x"], [0, 1]); await asyncio.sleep(0); m, fds, f, _ = socket.recv_fds(b, 9, 4); print(m, len(fds), os.fstat(fds[0]).st_mode == os.fstat(0).st_mode)
asyncio.run(main())
PY
py 'sqlite3 with WAL' <<'PY'
import sqlite3, os, multiprocessing as mp
def adds(k):
    db = sqlite3.connect("t.db", timeout=60, isolation_level=None)
    for i in range(25): db.execute("BEGIN IMMEDIATE"); db.execute("INSERT INTO t VALUES (?, ?)", (k * 1000 + i, "v" * i)); db.execute("COMMIT")
    db.close()
db = sqlite3.connect("t.db"); print(db.execute("PRAGMA journal_mode=WAL").fetchone(), db.execute("PRAGMA synchronous=NORMAL").fetchone()); db.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)"); db.commit()
ps = [mp.Process(target=adds, args=(k,)) for k in range(4)]; [p.start() for p in ps]; [p.join() for p in ps]; print([p.exitcode for p in ps], db.execute("SELECT count(*), sum(a), sum(length(b)) FROM t").fetchone(), sorted(f for f in os.listdir(".") if f.startswith("t.db")))
reader = sqlite3.connect("t.db"); reader.execute("BEGIN"); print(reader.execute("SELECT count(*) FROM t").fetchone()); db.execute("DELETE FROM t WHERE a > 2000"); db.commit(); print(reader.execute("SELECT count(*) FROM t").fetchone(), db.execute("SELECT count(*) FROM t").fetchone()); reader.close()
print(db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone(), os.path.getsize("t.db-wal"), db.execute("PRAGMA integrity_check").fetchone()); db.executemany("INSERT INTO t VALUES (?, 'x')", ((i,) for i in range(10000, 12000))); db.commit(); db.execute("VACUUM"); db.close(); print(sorted(f for f in os.listdir(".") if f.startswith("t.db")))
other = sqlite3.connect("j.db"); print(other.execute("PRAGMA journal_mode").fetchone()); other.execute("CREATE TABLE x (y)"); other.executemany("INSERT INTO x VALUES (?)", ((i,) for i in range(1000))); other.rollback(); print(other.execute("SELECT count(*) FROM x").fetchone()); other.execute("PRAGMA mmap_size=1000000"); print(other.execute("SELECT count(*) FROM x").fetchone())
PY
run_items 2
finish
