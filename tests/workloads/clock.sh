# SPDX-License-Identifier: Apache-2.0
# clock.sh: the container's wall clock is the host's: asked 20 times, its answer
# lies between the question and the reply.
. tests/lib.sh
make_root "$T/b/rootfs"
cat >"$T/ask.c" <<'C'
#include <stdio.h>
#include <time.h>
int main(void)
{
	struct timespec t;
	int c;

	nanosleep(&(struct timespec){ 0, 300000000 }, NULL);
	puts("ready");
	fflush(stdout);
	while ((c = getchar()) != EOF) {
		clock_gettime(CLOCK_REALTIME, &t);
		printf("%lld%09ld\n", (long long)t.tv_sec, t.tv_nsec);
		fflush(stdout);
	}
	return 0;
}
C
gcc -O2 -static -o "$T/b/rootfs/bin/ask" "$T/ask.c" || fail 'ask.c does not compile'
make_bundle "$T/b" ask
coproc K { exec timeout -k 5 120 "$KUNI" --root "$T/state" ${KUNI_OPTS:-} run "$T/b"; }
read -r line <&"${K[0]}"
same 'it is there' ready "$line"
slack=2000000
for ((i = 0; i < 20; i++)); do
	from=$(date +%s%N)
	printf . >&"${K[1]}"
	read -r at <&"${K[0]}" || break
	to=$(date +%s%N)
	checks=$((checks + 1))
	((at > from - slack && at < to + slack)) || fail "asked at $from, it said $at, known at $to"
done
same 'answers' 20 "$i"
exec {K[1]}>&-
finish
