// SPDX-License-Identifier: Apache-2.0
// mix.js: what Node's runtime asks of a kernel: files (its thread pool), children by pipes, IPC and
// signals, workers over shared memory, timers, compiled code, and a heap that is collected.
'use strict';
const fs = require('fs'), fsp = fs.promises, path = require('path'), os = require('os');
const cp = require('child_process'), zlib = require('zlib'), crypto = require('crypto');
const wt = require('worker_threads');

if (!wt.isMainThread) {
	const { shared, mine, rounds } = wt.workerData;
	const a = new Int32Array(shared);
	for (let i = 0; i < rounds; i++)
		Atomics.add(a, 0, mine);
	Atomics.add(a, 1, 1);
	Atomics.notify(a, 1);
	wt.parentPort.postMessage({ mine, hash: crypto.createHash('sha256').update('w' + mine).digest('hex').slice(0, 8) });
	return;
}
if (process.argv[2] === 'child') {
	process.on('message', (m) => {
		process.send({ got: m, sum: m.list.reduce((x, y) => x + y) }, () => process.disconnect());
	});
	return;
}

const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
const ended = (c) => new Promise((r) => c.on('close', (code, sig) => r([code, sig])));

async function files() {
	const dir = await fsp.mkdtemp(path.join(os.tmpdir(), 'mix-'));
	const text = 'line of text\n'.repeat(5000);
	await Promise.all([...Array(64).keys()].map(async (i) => {
		const p = path.join(dir, 'f' + i);
		await fsp.writeFile(p, text + i);
		const st = await fsp.stat(p);
		if (st.size !== text.length + String(i).length)
			throw new Error('size of ' + p);
		await fsp.rename(p, p + '.x');
	}));
	const names = (await fsp.readdir(dir)).sort();
	const hash = crypto.createHash('md5');
	for (const n of names)
		hash.update(await fsp.readFile(path.join(dir, n)));
	const z = zlib.gunzipSync(zlib.gzipSync(text)).toString() === text;
	await new Promise((r, e) => fs.createReadStream(path.join(dir, 'f1.x'))
		.pipe(zlib.createGzip()).pipe(fs.createWriteStream(path.join(dir, 'z'))).on('finish', r).on('error', e));
	let missing;
	try { fs.openSync(path.join(dir, 'none')); } catch (e) { missing = e.code; }
	const seen = await new Promise((r) => {
		const w = fs.watch(dir, (ev, name) => { w.close(); r([ev, name]); });
		fs.writeFileSync(path.join(dir, 'new'), 'x');
	});
	console.log('files', names.length, hash.digest('hex'), z, missing, seen);
	await fsp.rm(dir, { recursive: true });
	console.log('gone', !fs.existsSync(dir));
}

async function children() {
	console.log('sync', JSON.stringify(cp.execFileSync('/bin/sh', ['-c', 'cat; echo end'], { input: 'in\n' }).toString()));
	const all = await Promise.all([...Array(8).keys()].map((i) =>
		ended(cp.spawn('/bin/sh', ['-c', `exit ${i}`]))));
	console.log('spawn', JSON.stringify(all));
	const s = cp.spawn('sleep', ['100']);
	s.kill('SIGKILL');
	console.log('killed', JSON.stringify(await ended(s)));
	const c = cp.fork(__filename, ['child']);
	c.send({ list: [1, 2, 3, 4] });
	const [m] = await Promise.all([new Promise((r) => c.on('message', r)), ended(c)]);
	console.log('fork', JSON.stringify(m));
	const cat = cp.spawn('cat');
	let n = 0;
	cat.stdout.on('data', (b) => { n += b.length; });
	for (let i = 0; i < 64; i++)
		cat.stdin.write(Buffer.alloc(65536, 'a'));
	cat.stdin.end();
	await ended(cat);
	console.log('cat', n);
	try { cp.execFileSync('no-such-program'); } catch (e) { console.log(e.code); }
}

async function signals() {
	let got = 0;
	process.on('SIGUSR2', () => got++);
	for (let i = 1; i <= 5; i++) {
		process.kill(process.pid, 'SIGUSR2');
		while (got < i)
			await sleep(1);
	}
	console.log('signals', got);
}

async function workers() {
	const shared = new SharedArrayBuffer(8), a = new Int32Array(shared);
	const got = await Promise.all([1, 2, 3, 4].map((mine) => new Promise((r, e) => {
		let m;
		const w = new wt.Worker(__filename, { workerData: { shared, mine, rounds: 20000 } });
		w.on('message', (x) => { m = x; });
		w.on('error', e);
		w.on('exit', (code) => r([code, m]));
	})));
	console.log('workers', a[0], a[1], JSON.stringify(got), Atomics.wait(a, 0, a[0], 5));
	const keys = await Promise.all([...Array(8).keys()].map((i) => new Promise((r) =>
		crypto.pbkdf2('pw' + i, 'salt', 500, 16, 'sha256', (e, k) => r(k.toString('hex').slice(0, 8))))));
	console.log('pool', keys.join(' '));
}

async function timers() {
	let early = 0;
	await Promise.all([60, 20, 40, 1].map(async (ms) => {
		const due = process.hrtime.bigint() + BigInt(ms - 1) * 1000000n; // Node counts in milliseconds
		await sleep(ms);
		early += process.hrtime.bigint() < due;
	}));
	let ticks = 0;
	const b = process.hrtime.bigint();
	await new Promise((r) => {
		const t = setInterval(() => { if (++ticks === 10) { clearInterval(t); r(); } }, 2);
	});
	console.log('timers early', early, 'ticks', ticks, process.hrtime.bigint() - b > 15000000n);
}

// Functions made at run time get compiled; 60 MB stay alive while garbage is made.
function compiled() {
	let sum = 0;
	for (let i = 0; i < 200; i++) {
		const f = new Function('n', `let s = ${i}; for (let k = 0; k < n; k++) s = (s * 31 + k + ${i}) | 0; return s;`);
		sum = (sum + f(3000)) | 0;
	}
	const keep = [];
	for (let i = 0; i < 60; i++)
		keep.push(new Array(131072).fill(i + 0.5));
	let drop = 0;
	for (let i = 0; i < 300000; i++)
		drop += { a: i, b: [i, i + 1], c: 'x' + i }.b[1] & 1;
	const w = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 7, 1, 96, 2, 127, 127, 1, 127, 3, 2, 1, 0,
		7, 7, 1, 3, 97, 100, 100, 0, 0, 10, 9, 1, 7, 0, 32, 0, 32, 1, 106, 11]));
	const add = new WebAssembly.Instance(w).exports.add;
	console.log('compiled', sum, keep.reduce((x, y) => x + y[7], 0), drop, add(40, 2));
}

(async () => {
	for (const f of [files, children, signals, workers, timers, compiled]) {
		const b = Date.now();
		await f();
		if (process.env.MIX_TIMES)
			console.error(f.name, Date.now() - b, 'ms');
	}
	console.log('cpus', os.cpus().length > 0, 'memory', os.totalmem() > os.freemem(), process.memoryUsage().rss > 1e7);
	process.exitCode = 7;
})();
