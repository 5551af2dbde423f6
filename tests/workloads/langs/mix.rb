# SPDX-License-Identifier: Apache-2.0
# mix.rb: what Ruby asks of a kernel: threads under its lock and its timer, fibers, fork, pipes,
# signals, files, maps of memory that its collector compacts, unix sockets.
require 'digest'
require 'etc'
require 'fiddle'
require 'open3'
require 'socket'
require 'tempfile'
require 'timeout'
require 'tmpdir'

$stdout.sync = true
m = Mutex.new
n = 0
ts = 50.times.map { |i| Thread.new { 100.times { m.synchronize { n += 1 } }; i } }
puts "threads #{n = ts.sum(&:value) && n}"
q = Queue.new
c = Thread.new { s = 0; while (v = q.pop) do s += v end; s }
1000.times { |i| q << i }
q << nil
puts "queue #{c.value}"
busy = 2.times.map { Thread.new { x = 0; 300_000.times { x += 1 }; x } }
puts "switched #{busy.map(&:value)}"
r = 3.times.map { |i| Ractor.new(i) { |k| (1..1000).sum * k } }.map(&:take) if RUBY_VERSION < '3.5'
puts "ractors #{r}"
f = Fiber.new { a = 0; loop { Fiber.yield a += 1 } }
puts "fibers #{200.times.map { f.resume }.last} #{500.times.map { |i| Fiber.new { i } }.sum(&:resume)}"

pids = 8.times.map { |i| fork { exit! i } }
puts "fork #{pids.map { |p| Process.wait2(p)[1].exitstatus }}"
out, st = Open3.capture2e('cat; echo err >&2; exit 4', stdin_data: 'in ' * 30_000)
puts "open3 #{out.size} #{Digest::MD5.hexdigest(out)} #{st.exitstatus}"
pid = spawn('sleep 100')
Process.kill(:TERM, pid)
puts "killed #{Process.wait2(pid)[1].termsig}"

got = []
trap(:USR1) { got << 1 }
5.times { |i| Process.kill(:USR1, $$); sleep 0.001 while got.size <= i }
puts "signals #{got.size}"
begin
  Timeout.timeout(0.05) { sleep 100 }
rescue Timeout::Error => e
  puts "timeout #{e.class}"
end
begin
  def deep(k) = deep(k + 1)
  deep(0)
rescue SystemStackError
  puts 'deep'
end

Dir.mktmpdir do |d|
  40.times { |i| File.write("#{d}/f#{i}", "text #{i}\n" * 500) }
  puts "files #{Dir.children(d).size} #{Digest::SHA1.hexdigest(Dir.children(d).sort.map { |x| File.read("#{d}/#{x}") }.join)}"
  s = UNIXServer.new("#{d}/sock")
  t = Thread.new { a = s.accept; a.write(a.gets.upcase); a.close }
  k = UNIXSocket.new("#{d}/sock")
  k.puts 'over a socket'
  puts k.read
  t.join
  File.open("#{d}/f1", 'r+') { |x| x.flock(File::LOCK_EX); x.seek(2); x.write('XX'); x.truncate(6) }
  puts File.read("#{d}/f1")
end
rd, wr = IO.pipe
begin
  rd.read_nonblock(1)
rescue IO::WaitReadable
  puts "select #{IO.select([rd], [wr], nil, 0.01).map(&:size)}"
end

keep = 200_000.times.map { |i| "object #{i}" }
20.times { 20_000.times { |i| [i, i.to_s] } ; GC.start }
GC.compact
puts "heap #{keep.sum(&:size)} #{GC.count > 20}"
puts "user #{Etc.getpwuid(0).name}, status to come"
at_exit { puts 'end' }
exit 6
