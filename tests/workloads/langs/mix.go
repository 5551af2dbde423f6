// SPDX-License-Identifier: Apache-2.0
// mix.go [PART...]: what Go's runtime asks of a kernel, a part at a time: goroutines,
// preempt, timers, files, exec, signals, heap, and cgo when it is built with it.
package main

import (
	"bufio"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"os/user"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func must(err error) {
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

// A ring of 1,000 goroutines passes a token 100 times around; 1,000 more share a mutex.
func goroutines() {
	const n = 1000
	first := make(chan int)
	in := first
	for i := 0; i < n; i++ {
		out := make(chan int)
		go func(in, out chan int) {
			for v := range in {
				out <- v + 1
			}
			close(out)
		}(in, out)
		in = out
	}
	sum := 0
	for r := 0; r < 100; r++ {
		first <- sum
		sum = <-in
	}
	close(first)
	var mu sync.Mutex
	var wg sync.WaitGroup
	var atom int64
	plain := 0
	for i := 0; i < n; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for j := 0; j < 100; j++ {
				mu.Lock()
				plain++
				mu.Unlock()
				atomic.AddInt64(&atom, 1)
				if j%10 == 0 {
					runtime.Gosched()
				}
			}
		}()
	}
	wg.Wait()
	fmt.Println("ring", sum, "mutex", plain, "atomic", atom)
}

// Loops without calls are preempted by SIGURG alone; threads locked to their goroutines.
func preempt() {
	var stop int32
	for i := 0; i < 2; i++ {
		go func() {
			x := 1
			for atomic.LoadInt32(&stop) == 0 {
				for k := 0; k < 1<<20; k++ {
					x ^= x<<13 ^ k
				}
			}
		}()
	}
	seen := 0
	for i := 0; i < 5; i++ {
		time.Sleep(time.Millisecond)
		runtime.GC()
		seen++
	}
	atomic.StoreInt32(&stop, 1)
	tids := make(map[int]bool)
	var mu sync.Mutex
	var wg, all sync.WaitGroup
	all.Add(50)
	for i := 0; i < 50; i++ {
		wg.Add(1)
		go func() {
			runtime.LockOSThread()
			mu.Lock()
			tids[syscall.Gettid()] = true
			mu.Unlock()
			all.Done()
			all.Wait()
			wg.Done() // and the thread ends with its goroutine, for it is still locked
		}()
	}
	wg.Wait()
	fmt.Println("preempted", seen, "threads", len(tids))
}

func timers() {
	var early int64
	var wg sync.WaitGroup
	start := time.Now()
	for _, ms := range []int{150, 50, 100, 200, 5} {
		due := time.Duration(ms) * time.Millisecond
		wg.Add(1)
		time.AfterFunc(due, func() {
			if time.Since(start) < due {
				atomic.AddInt64(&early, 1)
			}
			wg.Done()
		})
	}
	wg.Wait()
	t := time.NewTicker(2 * time.Millisecond)
	ticks := 0
	begin := time.Now()
	for range t.C {
		if ticks++; ticks == 20 {
			break
		}
	}
	t.Stop()
	took := time.Since(begin)
	for i := 0; i < 500; i++ {
		wg.Add(1)
		go func(i int) {
			b := time.Now()
			time.Sleep(time.Duration(i%20) * time.Millisecond)
			if time.Since(b) < time.Duration(i%20)*time.Millisecond {
				atomic.AddInt64(&early, 1)
			}
			wg.Done()
		}(i)
	}
	wg.Wait()
	timeout := false
	select {
	case <-make(chan int):
	case <-time.After(10 * time.Millisecond):
		timeout = true
	}
	fmt.Println("ticks", ticks, took >= 38*time.Millisecond, "early", early, "timeout", timeout)
}

func files() {
	dir, err := os.MkdirTemp("", "mix")
	must(err)
	defer os.RemoveAll(dir)
	var wg sync.WaitGroup
	for i := 0; i < 16; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			d := filepath.Join(dir, fmt.Sprint("d", i%4))
			must(os.MkdirAll(d, 0o755))
			for j := 0; j < 8; j++ {
				f, err := os.Create(filepath.Join(d, fmt.Sprint(i, "-", j)))
				must(err)
				w := bufio.NewWriter(f)
				for k := 0; k < 2000; k++ {
					fmt.Fprintln(w, i, j, k)
				}
				must(w.Flush())
				must(f.Close())
			}
		}(i)
	}
	wg.Wait()
	count, sum := 0, crc32.NewIEEE()
	must(filepath.Walk(dir, func(p string, st os.FileInfo, err error) error {
		if err != nil || st.IsDir() {
			return err
		}
		count++
		f, err := os.Open(p)
		must(err)
		defer f.Close()
		fmt.Fprintln(sum, st.Name(), st.Size(), st.Mode())
		_, err = io.Copy(sum, f)
		return err
	}))
	must(os.Symlink("d0", filepath.Join(dir, "ln")))
	real, err := filepath.EvalSymlinks(filepath.Join(dir, "ln"))
	must(err)
	_, err = os.Open(filepath.Join(dir, "none"))
	fmt.Printf("files %d crc %08x link %s missing %v\n", count, sum.Sum32(), filepath.Base(real), os.IsNotExist(err))
	r, w, err := os.Pipe()
	must(err)
	must(r.SetReadDeadline(time.Now().Add(20 * time.Millisecond)))
	_, err = r.Read(make([]byte, 1))
	fmt.Println("pipe deadline", os.IsTimeout(err))
	go func() { w.Write([]byte("late")); w.Close() }()
	must(r.SetReadDeadline(time.Time{}))
	b, err := io.ReadAll(r)
	fmt.Println("pipe", string(b), err)
}

func execs() {
	var wg sync.WaitGroup
	out := make([]string, 12)
	for i := range out {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			c := exec.Command("/bin/sh", "-c", fmt.Sprintf("read a; echo $a-%d; exit %d", i, i))
			c.Stdin = strings.NewReader("in\n")
			b, err := c.Output()
			out[i] = fmt.Sprintf("%q %v", b, err)
		}(i)
	}
	wg.Wait()
	fmt.Println("exec", out)
	c := exec.Command("/bin/sleep", "100")
	must(c.Start())
	must(c.Process.Kill())
	fmt.Println("killed:", c.Wait(), c.ProcessState.Exited())
	_, err := exec.LookPath("no-such-program")
	fmt.Println(err)
}

func signals() {
	ch := make(chan os.Signal, 100)
	signal.Notify(ch, syscall.SIGUSR1, syscall.SIGHUP, syscall.SIGCHLD)
	for i := 0; i < 10; i++ {
		must(syscall.Kill(os.Getpid(), syscall.SIGUSR1))
		fmt.Print(<-ch, " ")
	}
	must(exec.Command("/bin/sh", "-c", fmt.Sprint("kill -HUP ", os.Getpid())).Run())
	got := []string{(<-ch).String(), (<-ch).String()}
	sort.Strings(got)
	fmt.Println(got)
	signal.Reset()
	func() {
		defer func() { fmt.Println("recovered:", recover()) }()
		var p *int
		*p = 1
	}()
	func() {
		defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
		defer func() { fmt.Println("recovered:", recover()) }()
		m, err := syscall.Mmap(-1, 0, 4096, syscall.PROT_READ, syscall.MAP_PRIVATE|syscall.MAP_ANON)
		must(err)
		m[0] = 1
	}()
}

type node struct {
	left, right *node
	data        [40]byte
}

func tree(d int) *node {
	n := new(node)
	n.data[d] = byte(d)
	if d > 0 {
		n.left, n.right = tree(d-1), tree(d-1)
	}
	return n
}

func (n *node) sum() int {
	s := 1
	for _, b := range n.data {
		s += int(b)
	}
	if n.left != nil {
		s += n.left.sum() + n.right.sum()
	}
	return s
}

// 200 MB stay alive while four goroutines make and drop trees.
func heap() {
	keep := make([][]byte, 200)
	for i := range keep {
		keep[i] = make([]byte, 1<<20)
		for j := 0; j < 1<<20; j += 512 {
			keep[i][j] = byte(i + j>>9)
		}
	}
	var wg sync.WaitGroup
	var total int64
	for g := 0; g < 4; g++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := 0; i < 12; i++ {
				atomic.AddInt64(&total, int64(tree(13).sum()))
			}
		}()
	}
	wg.Wait()
	runtime.GC()
	sum := 0
	for i := range keep {
		for j := 0; j < 1<<20; j += 512 {
			sum += int(keep[i][j])
		}
	}
	var ms runtime.MemStats
	runtime.ReadMemStats(&ms)
	keep = nil
	debug.FreeOSMemory()
	fmt.Println("heap", sum, "trees", total, "collected", ms.NumGC > 1, "over 200 MB", ms.HeapAlloc > 200<<20)
}

func names() {
	u, err := user.Lookup("root")
	must(err)
	h, err := os.Hostname()
	must(err)
	fmt.Println("user", u.Uid, u.HomeDir, "hostname", h != "", "cpus", runtime.NumCPU() > 0, "cgo", cgo())
}

func main() {
	parts := []string{"goroutines", "preempt", "timers", "files", "execs", "signals", "heap", "names"}
	if len(os.Args) > 1 {
		parts = os.Args[1:]
	}
	table := map[string]func(){"goroutines": goroutines, "preempt": preempt, "timers": timers, "files": files,
		"execs": execs, "signals": signals, "heap": heap, "names": names}
	for _, p := range parts {
		b := time.Now()
		table[p]()
		if os.Getenv("MIX_TIMES") != "" {
			fmt.Fprintln(os.Stderr, p, time.Since(b).Milliseconds(), "ms")
		}
	}
}
