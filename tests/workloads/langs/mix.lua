-- SPDX-License-Identifier: Apache-2.0
-- mix.lua: what a Lua program asks of a kernel: coroutines, files, children by popen, a heap.
local function sum(n)
	local co = coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end)
	local s = 0
	for _ = 1, n do s = s + co() end
	return s
end
print('coroutines', sum(20000))
local name = os.tmpname()
local f = assert(io.open(name, 'w+'))
for i = 1, 5000 do f:write(i, '\n') end
f:seek('set', 0)
local t = 0
for l in f:lines() do t = t + tonumber(l) end
print('file', t, f:seek('end'))
f:close()
print(os.rename(name, name .. 'x'), os.remove(name .. 'x'), (select(3, io.open(name))))
local p = io.popen('cat /proc/self/comm; exit 3')
print('popen', p:read('a'), p:close())
print('execute', os.execute('kill -9 $$'))
local keep = {}
for i = 1, 100000 do keep[i] = { i, tostring(i) } end
for i = 1, 300000 do local _ = { i } end
collectgarbage()
local n = 0
for _, v in ipairs(keep) do n = n + v[1] + #v[2] end
print('heap', n, collectgarbage('count') > 1000)
print('date', os.date('!%F %T', 86400), os.clock() > 0, os.getenv('HOME'))
os.exit(4)
