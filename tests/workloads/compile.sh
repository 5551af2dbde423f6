# SPDX-License-Identifier: Apache-2.0
# compile.sh: gcc, make and git at work, as Debian has them.
#   FILES=N   files in the git repository (300; 1000 by hand)
. tests/workloads/roots.bash
. tests/lib.sh
. tests/workloads/items.bash

item 'a C project, make -j4' <<'SH'
mkdir src
cat >Makefile <<-'M'
	OBJS := $(patsubst src/%.c,build/%.o,$(wildcard src/*.c))
	CFLAGS := -O2 -g -Wall -Werror -Isrc -MMD -pthread
	prog: $(OBJS) libsum.a libdyn.so
		$(CC) -pthread -o $@ $(OBJS) -L. -lsum -ldyn -lm -Wl,-rpath,'$$ORIGIN'
	build/%.o: src/%.c | build
		$(CC) $(CFLAGS) -c -o $@ $<
	build:
		mkdir -p $@
	libsum.a: lib/sum.c
		$(CC) $(CFLAGS) -c -o sum.o $< && ar rcs $@ sum.o && ranlib $@
	libdyn.so: lib/dyn.c
		$(CC) $(CFLAGS) -shared -fPIC -o $@ $<
	clean:
		rm -rf build prog *.a *.so *.o *.d
	-include build/*.d
M
mkdir lib
echo 'int sum(int a, int b) { return a + b; }' >lib/sum.c
echo 'const char *dyn(void) { return __FILE__; }' >lib/dyn.c
echo '#pragma once' >src/all.h
for i in 1 2 3 4 5 6; do
	echo "int f$i(int x);" >>src/all.h
	printf '#include <math.h>\n#include "all.h"\nint f%d(int x) { return (int)floor(sqrt(x * %d.0)); }\n' $i $i >src/f$i.c
done
cat >src/main.c <<-'C'
	#include <dlfcn.h>
	#include <pthread.h>
	#include <stdio.h>
	#include <stdlib.h>
	#include <unistd.h>
	#include "all.h"
	int sum(int, int);
	const char *dyn(void);
	static __thread int mine;
	static void *run(void *arg) { mine = f1(100) + (int)(long)arg; return (void *)(long)mine; }
	int main(int argc, char **argv)
	{
		int total = f1(1) + f2(2) + f3(3) + f4(4) + f5(5) + f6(6);
		pthread_t t[4];
		void *r, *so = dlopen("libm.so.6", RTLD_NOW);
		double (*cosine)(double) = (double (*)(double))dlsym(so, "cos");
		for (long i = 0; i < 4; i++) pthread_create(&t[i], NULL, run, (void *)i);
		for (int i = 0; i < 4; i++) { pthread_join(t[i], &r); total = sum(total, (int)(long)r); }
		printf("%d %s %s %.1f %d\n", total, argc > 1 ? argv[1] : "-", dyn(), cosine(0), mine);
		return argc;
	}
C
make -j4 --no-print-directory | sort; ./prog; echo $?; ./prog x; echo $?; ldd prog | awk '{ print $1 }'
make; touch src/all.h; make | wc -l; touch -d '1 hour ago' src/f1.c; make -q && echo nothing to do; file prog | cut -d, -f1-3; nm -C prog | grep -c ' T '; objdump -d build/f1.o | grep -c sqrt; size -A build/f2.o | grep text; readelf -d libdyn.so | grep -c NEEDED
echo 'int main(void) { return x; }' | gcc -xc - -o bad 2>&1 | grep -o 'error: .*'; strip prog && ./prog stripped; sed -i s/floor/ceil/ src/f3.c; make -j4 | sort; ./prog; make clean; ls
printf '#include <stdio.h>\nint main(void) { puts("static"); }\n' >s.c; gcc -static -pipe -o s s.c && ./s; gcc -fsanitize=undefined -c s.c && echo built; gcc -E s.c | grep -c puts; gcc -save-temps -c s.c; ls
SH
item "git with ${FILES:=300} files" <<SH
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b GIT_AUTHOR_DATE='1000000000 +0000' GIT_COMMITTER_DATE='1000000000 +0000' GIT_PAGER=cat
git config --global init.defaultBranch main; git config --global advice.detachedHead false; git init r; cd r
for ((i = 0; i < $FILES; i++)); do mkdir -p d\$((i % 10)); seq \$i \$((i + 200)) >d\$((i % 10))/f\$i; done
git status --short; git add .; git status --short | wc -l; git commit -qm first; git log --format='%H %s'; git mv d1/f1 moved; rm d2/f2; echo x >>d3/f3; git commit -qam second; git log --stat --format=%H -M
git checkout -qb side HEAD^; echo side >side; git add side; git commit -qm side; git checkout -q main; git merge -qm merge side; git log --graph --oneline; git diff HEAD~2 --stat; git tag v1; git stash list; git blame d3/f3 | tail -n 2
git clone -q . ../clone; cd ../clone; git rev-parse HEAD; git fsck --full; git ls-files | wc -l; git gc -q; git count-objects -v | grep -v size; git fsck; git log --oneline | wc -l; git clone -q --bare --no-local . ../bare; git -C ../bare rev-parse main
git push -q ../bare main:other; git -C ../bare branch; git grep -c 155 | wc -l; git archive HEAD | tar t | wc -l; git rebase -q side 2>&1 | head -n 3; git bisect start HEAD HEAD~2 | tail -n 1; git worktree add -q ../tree v1; ls ../tree | wc -l; git repack -adfq --threads=4; git verify-pack .git/objects/pack/*.idx && echo verified
SH
run_items 4
finish
