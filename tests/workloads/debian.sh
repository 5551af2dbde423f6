# SPDX-License-Identifier: Apache-2.0
# debian.sh: Debian's own programs, dynamically linked, as they come: what they
# print in a guest is what they print natively on the same root.
#   FILES=N   files that are copied, compared and removed (1000; 20000 by hand)
. tests/workloads/roots.bash
. tests/lib.sh
. tests/workloads/items.bash

item 'coreutils' <<'SH'
seq 1 5000 >n; sort -R n | sort -n | cmp - n && echo sorted
wc n; head -c 20 n | od -c; tail -n 3 n; cut -c2- n | sort -u | wc -l; tac n | md5sum; sha256sum n; b2sum n; cksum n
split -l 1000 n part.; ls part.*; cat part.* | cmp - n; paste -sd+ <(seq 10); comm -12 <(seq 1 9) <(seq 5 12); join <(seq 3) <(seq 2 4)
ln -s n link; readlink link; ln n hard; stat -c '%h %s %F %a' hard link; chmod 640 hard; stat -c %a n; chown 1:2 n; stat -c '%u %g %U' n
mkdir -p a/b/c; cp -a a d; mv d e; rmdir -p a/b/c; find e; touch -d '2001-02-03 04:05:06.123456789 UTC' n; TZ=UTC stat -c '%y' n
ls -l --time-style=+%Y n; du -b n; truncate -s 100 n; stat -c %s n; dd if=n of=m bs=7 count=3 2>/dev/null; wc -c <m
mkfifo f; (echo through >f &); cat f; test -p f && echo fifo; install -m 711 m x/../y 2>&1; install -D -m 711 m x/y; stat -c %a x/y
echo {a..e} | tr ' ' '\n' | shuf | wc -l; numfmt --to=iec 123456789; factor 1234567890; base64 <<<hello; expr 6 \* 7; printf '%05.2f|%q\n' 3.14159 'a b'
timeout 0.2 sleep 5; echo $?; echo $(($(nice -n 5 nice) - $(nice))); env -i A=1 env; id; groups; whoami; uname -sm; basename /a/b.c .c; realpath -m ../z/.. ; pwd; nohup true; sync n; mktemp -u XXXXXX | wc -c
stdbuf -oL echo buffered; tee t1 t2 <<<both; cat t1 t2; df --output=target / | tail -n 1; date -u -d @1000000000; nl <<<x; fold -w 3 <<<abcdef; yes | head -n 2; chroot / true; echo $?
SH
item 'grep, sed, awk, find' <<'SH'
grep -rl 'GNU' /usr/share/common-licenses | sort; grep -c . /etc/passwd; grep -nE '^(root|daemon):' /etc/passwd; grep -oP '(?<=:)/\w+(?=:)' /etc/passwd | sort | uniq -c
grep -rc include /usr/include/linux | sort | md5sum; sed -n '1~5p' /etc/passwd; sed -E 's/([a-z]+):x:([0-9]+).*/\2 \1/; 3q' /etc/passwd; cp /etc/passwd p; sed -i.bak 's/root/toor/' p; diff p p.bak
awk -F: '{ n[$7]++ } END { for (s in n) print n[s], s | "sort"; close("sort"); "echo from a pipe" | getline x; print x }' /etc/passwd
awk 'BEGIN { for (i = 0; i < 200000; i++) s += sin(i); printf "%.6f\n", s; srand(1); print length(rand()) > 0 }'
find /usr/include -name '*.h' -size +8k -printf '%p %s %m\n' | sort | md5sum; find /etc -type l -printf '%p %l\n' | sort; find /usr/bin -perm -4000 -printf '%p\n' | sort
find /usr/share -type f | wc -l; find /usr/bin -newer /etc/passwd | wc -l; find /usr/share/doc -name copyright -print0 | xargs -0 -n 50 -P 4 md5sum | sort | md5sum; find . -delete; ls
SH
item 'tar, gzip, xz, bzip2' <<'SH'
cp -a /usr/share/perl5 src; tar cf t.tar src; tar tf t.tar | wc -l; mkdir out; tar xf t.tar -C out; diff -r src out/src && echo same
for c in gzip xz bzip2; do $c -k t.tar; rm -rf out/*; tar xf t.tar.${c:0:1}z* -C out 2>/dev/null || tar xf t.tar.$c -C out 2>/dev/null; $c -dc t.tar.* 2>/dev/null | cmp - t.tar && echo $c; ls t.tar.*; rm -f t.tar.*; done
tar cz src | tar tz | md5sum; tar cJf x.tar.xz --owner=5 --sort=name --mtime=@0 src; tar tvJf x.tar.xz --numeric-owner | md5sum; sha256sum x.tar.xz
dd if=/dev/zero of=s bs=1 count=1 seek=50M 2>/dev/null; tar cSf s.tar s; stat -c %s s.tar; tar df s.tar; echo $?; zgrep -c z <(gzip <<<z); xz -T2 -k t.tar; xz -l t.tar.xz | wc -l
SH
item 'perl' <<'SH'
perl -e 'use POSIX qw(:sys_wait_h strftime); my %h; $h{$_ % 7}++ for 1..100000; print join(",", map { "$_=$h{$_}" } sort keys %h), "\n"; print strftime("%F", gmtime(86400 * 365)), "\n"'
perl -MSocket -e 'socketpair(A, B, AF_UNIX, SOCK_STREAM, 0) or die; if (!(my $p = fork)) { syswrite A, "from the child\n"; exit 3 } wait; sysread B, my $x, 99; print $x, $? >> 8, "\n"'
perl -e '$SIG{ALRM} = sub { print "alarm\n"; exit 4 }; alarm 1; sleep 9'; echo $?
perl -MTime::HiRes=usleep,time -e '$t = time; usleep 50000; print time - $t > 0.05 ? "slept\n" : "no\n"'; perl -MDigest::SHA=sha256_hex -MMIME::Base64 -e 'print sha256_hex("x"), encode_base64("y")'
perl -MFcntl=:flock -e 'open F, ">lock"; flock F, LOCK_EX; if (!fork) { open G, ">lock"; print flock(G, LOCK_EX | LOCK_NB) ? "got\n" : "held: $!\n"; exit } wait'
perl -MFile::Find -e 'my $n; find(sub { $n++ }, "/usr/share/perl"); print $n > 100, "\n"; opendir D, "/proc/self/fd"; print "fds\n" if grep /^0$/, readdir D; print -t STDIN ? 1 : 0, "\n"'
perl -e 'open P, "-|", "sh", "-c", "echo \$0; exit 2"; print <P>; close P; print $? >> 8, "\n"; print `printf %s\\\\n a b`; print "$0 $$\n" =~ /\d/ ? "ok\n" : ""; $x = "a" x 10_000_000; print length $x, "\n"'
SH
item 'dpkg and apt' <<'SH'
dpkg -l; dpkg -S /bin/bash /usr/bin/perl; dpkg -L gzip; dpkg-query -W -f '${Package} ${Version} ${Status}\n' | sort | md5sum; apt list --installed 2>/dev/null; apt-cache policy bash | head -n 3; apt-config dump | wc -l
dpkg --verify bash coreutils dpkg; dpkg --audit; dpkg --print-architecture; dpkg --compare-versions 1.2~rc1 lt 1.2 && echo older; dpkg --configure -a; echo $?
SH
item 'a package of our own' <<'SH'
mkdir -p p/DEBIAN p/usr/share/kuni-item p/etc p/usr/bin
cat >p/DEBIAN/control <<-C
	Package: kuni-item
	Version: 1.0
	Architecture: all
	Maintainer: nobody <nobody@example.org>
	Depends: bash, perl
	Description: an item of a test
C
echo /etc/kuni-item >p/DEBIAN/conffiles; echo setting=1 >p/etc/kuni-item; printf '#!/bin/sh\necho "item says $*"\n' >p/usr/bin/kuni-item
printf '#!/bin/sh\nset -e\necho "postinst $1 $2"\nldconfig\n' >p/DEBIAN/postinst; printf '#!/bin/sh\necho "prerm $1"\n' >p/DEBIAN/prerm
chmod 755 p/usr/bin/kuni-item p/DEBIAN/p*; seq 9999 >p/usr/share/kuni-item/data
dpkg-deb --root-owner-group -b p one.deb; dpkg-deb -c one.deb | awk '{ print $1, $2, $6 }'; dpkg-deb -I one.deb | tail -n 6; dpkg -i one.deb; kuni-item a b; dpkg -s kuni-item; dpkg -V kuni-item
sed -i 's/1.0/1.1/' p/DEBIAN/control; rm -r p/usr/share; dpkg-deb --root-owner-group -b p two.deb; echo setting=2 >/etc/kuni-item; apt-get -qq -o APT::Sandbox::User=root install ./two.deb 2>&1 | grep -v 'database'; dpkg -s kuni-item | grep Version; ls /usr/share/kuni-item; cat /etc/kuni-item
dpkg --unpack one.deb 2>&1 | grep -v database; dpkg -s kuni-item | grep Status; dpkg --configure -a; dpkg -s kuni-item | grep Status; dpkg -r kuni-item; dpkg -l kuni-item | tail -n 1; dpkg -P kuni-item; dpkg -s kuni-item 2>&1 | head -n 1; ls /etc/kuni-item 2>&1; tail -n 3 /var/log/dpkg.log | cut -d' ' -f3-
SH
item 'a bash script of a hundred lines' <tests/workloads/script.bash
item "copy, compare and remove ${FILES:=1000} files" <<SH
for ((d = 0; d < $FILES / 100; d++)); do
	mkdir -p tree/d\$d; for ((f = 0; f < 100; f++)); do printf '%0*d\n' \$((f * 17 + 1)) \$d >tree/d\$d/f\$f; done
done
find tree -type f | wc -l; cp -a tree copy; diff -r tree copy && echo same; du -sb copy; (cd tree && find . -type f -exec md5sum {} +) >sums; (cd copy && md5sum --quiet -c ../sums && echo checked)
echo x >>copy/d1/f7; diff -rq tree copy; find copy -name 'f*5' -delete; find copy -type f | wc -l; rm -rf tree; rm -r copy; ls
SH
run_items 2
finish
