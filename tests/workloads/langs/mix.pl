# SPDX-License-Identifier: Apache-2.0
# mix.pl: what a Perl program asks of a kernel: fork and wait, pipes, signals, alarm,
# files, locks, sockets of one machine, threads.
use strict;
use warnings;
use threads;
use threads::shared;
use Fcntl qw(:flock :seek);
use File::Temp qw(tempdir);
use IO::Select;
use POSIX qw(:sys_wait_h);
use Socket;
use Time::HiRes qw(sleep time ualarm);
use Digest::MD5 qw(md5_hex);

$| = 1;
my $dir = tempdir(CLEANUP => 1);
my @kids;
for my $i (0 .. 9) {
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		open my $f, '>>', "$dir/log" or die;
		for (1 .. 20) {
			flock $f, LOCK_EX;
			seek $f, 0, SEEK_END;
			syswrite $f, "$i\n";
			flock $f, LOCK_UN;
		}
		POSIX::_exit($i);
	}
	push @kids, $pid;
}
my $sum = 0;
for (@kids) { waitpid $_, 0; $sum += $? >> 8; }
open my $f, '<', "$dir/log" or die;
my @l = sort { $a <=> $b } <$f>;
print 'forks ', $sum, ' lines ', scalar(@l), ' ', md5_hex(@l), "\n";

my $n = 0;
local $SIG{USR1} = sub { $n++ };
kill USR1 => $$ for 1 .. 10;
my $late = 0;
local $SIG{ALRM} = sub { $late++; die "alarm\n" };
eval { ualarm 20000; select undef, undef, undef, 10; };
print "signals $n, $@";
my $reaped = 0;
local $SIG{CHLD} = sub { $reaped++ while waitpid(-1, WNOHANG) > 0 };
for (1 .. 5) { fork // die or POSIX::_exit(0); }
sleep 0.01 while $reaped < 5;
$SIG{CHLD} = 'DEFAULT';
my $out = `echo from a shell; exit 3`;
print "reaped $reaped status ", $? >> 8, " $out";

socketpair my $a, my $b, AF_UNIX, SOCK_STREAM, PF_UNSPEC or die;
if (!fork) {
	close $a;
	while (sysread $b, my $buf, 4096) { syswrite $b, uc $buf; }
	POSIX::_exit(0);
}
close $b;
my $back = '';
my $sel = IO::Select->new($a);
for my $w (qw(one two three)) {
	syswrite $a, $w;
	my ($r) = $sel->can_read(10);
	sysread $r, my $buf, 4096;
	$back .= $buf;
}
shutdown $a, 1;
wait;
print "socket $back\n";

my $total : shared = 0;
my @t = map { my $k = $_; threads->create(sub { for (1 .. 200) { lock $total; $total += $k } $k * 2 }) } 1 .. 8;
my $ret = 0;
$ret += $_->join for @t;
print "threads $total $ret\n";

mkdir "$dir/d$_" or die for 1 .. 30;
rename "$dir/d1", "$dir/e1";
symlink 'e1', "$dir/ln";
print 'files ', join(' ', (sort map { s,.*/,,r } glob "$dir/*")[0 .. 3]), ' ', readlink "$dir/ln", ' ', -d "$dir/ln" ? 'dir' : 'no', "\n";
my %h = map { $_ => $_ ** 2 } 1 .. 100000;
my $s = 0;
$s += $_ for values %h;
print "hash $s\n";
exit 5;
