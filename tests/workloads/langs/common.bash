# SPDX-License-Identifier: Apache-2.0
# common.bash: what langs.sh and langs.bash share; sourced after items.bash.
#
#   build_go PACKAGE...   the Go programs here, static and with cgo, and the test
#                         programs of Go's own packages, made natively in the root:
#                         /items/bin in both roots
#   go_test PACKAGE [RE]  an item: PACKAGE's tests (those named by RE): one line a test
# TestNohup runs its parts by `go t.Run` and may end before one has said that it passed,
# so the lines of its parts are left out; a part that fails still fails TestNohup.
# The JVM compiles while other CPUs run: that takes a QEMU of 8.1 or newer (`kuni check`).
# Under 7.2 one Java in fifteen died of instructions of which a byte was the old one.
tools/setup qemu && PATH=$PWD/build/qemu/bin:$PATH
ROOT=(langs gcc golang-go golang-src libc6-dev lua5.4 nodejs openjdk-17-jre-headless perl ruby)
GO_SRC=/usr/share/go-1.19/src

build_go() {
	debian_root "${ROOT[@]}" || exit
	use_root "${ROOT[0]}" "$T/build"
	mkdir -p "$T/items/bin" "$T/build/items"
	cp tests/workloads/langs/*.* "$T/items/"
	cp -r "$T/items/." "$T/build/items"
	# shellcheck disable=SC2016
	in_root "$T/build" bash -ec '
		src=$1
		shift
		cd /items
		CGO_ENABLED=0 go build -o bin/mix-static mix.go nocgo.go
		CGO_ENABLED=1 go build -o bin/mix-cgo mix.go cgo.go
		for p; do (cd "$src/$p" && CGO_ENABLED=0 go test -c -o "/items/bin/${p//\//_}.test"); done
		java -m jdk.compiler/com.sun.tools.javac.Main -d bin Mix.java
	' build_go "$GO_SRC" "$@" </dev/null || { fail 'the programs do not compile'; finish; }
	cp "$T/build/items/bin"/* "$T/items/bin/"
}

go_test() {
	item "Go's own tests of $1" <<-SH
		export CGO_ENABLED=0
		echo '127.0.0.1 localhost' >/etc/hosts
		cd $GO_SRC/$1
		names=\$(/items/bin/${1//\//_}.test -test.list '${2:-.}' | grep -E '^(Test|Example|Fuzz)' | paste -sd'|')
		/items/bin/${1//\//_}.test -test.v -test.short -test.run "^(\$names)\\\$" >/root/go.out 2>&1
		rc=\$?
		grep -E '^ *--- ' /root/go.out | grep -v ' TestNohup/nohup-' | sed 's/ ([0-9.]*s)\$//' | sort
		grep -E '^(panic|fatal error|SIG[A-Z]*):' /root/go.out
		exit \$rc
	SH
}
