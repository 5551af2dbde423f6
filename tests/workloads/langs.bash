# SPDX-License-Identifier: Apache-2.0
# langs.bash [PACKAGE...]: the long form of langs.sh, by hand: Go's own tests of these
# packages (or of PACKAGEs alone), `go build` in the guest, each of the JVM's collectors,
# and Node and Go with one CPU's worth of threads.  A quarter of an hour and more.
#   CPUS=N   of the guest (4)
. tests/workloads/roots.bash
. tests/lib.sh
. tests/workloads/items.bash
. tests/workloads/langs/common.bash
packages=(os os/exec os/signal os/user sync sync/atomic path/filepath context internal/poll
	runtime runtime/debug runtime/pprof runtime/trace)
(($# == 0)) || packages=("$@")
build_go "${packages[@]}"
for p in "${packages[@]}"; do go_test "$p"; done
if (($# == 0)); then
	item 'go build' <<<'cd /items && go version && CGO_ENABLED=0 go build -o /root/mix mix.go nocgo.go && /root/mix files && go vet mix.go nocgo.go'
	item 'Go, GOMAXPROCS 1' <<<'GOMAXPROCS=1 /items/bin/mix-static && GOMAXPROCS=1 GODEBUG=asyncpreemptoff=1 /items/bin/mix-static goroutines files heap'
	for gc in Serial Parallel G1 Z Shenandoah; do
		item "Java, $gc" <<<"java -Xms256m -Xmx256m -XX:+Use${gc}GC -cp /items/bin Mix"
	done
	item 'Java, interpreted' <<<'java -Xint -Xms256m -Xmx256m -XX:+UseG1GC -cp /items/bin Mix'
	item 'javac' <<<'java -m jdk.compiler/com.sun.tools.javac.Main -d . /items/Mix.java && ls'
	item 'Node, one thread each' <<<'UV_THREADPOOL_SIZE=1 node --single-threaded-gc /items/mix.js'
	item 'Node, no compiler' <<<'node --jitless --no-expose-wasm -e "let s = 0; for (let i = 0; i < 1e6; i++) s += i; console.log(s)"'
fi
SECONDS_GUEST=${SECONDS_GUEST:-3000} run_items "${CPUS:-4}"
finish
