#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""table.py: lines of JSON from standard input to results/WHERE.json and .md."""
import json
import os
import sys

where = sys.argv[1]
rows = [json.loads(line) for line in sys.stdin if line.startswith('{')]
if not rows:
    sys.exit('bench: no results')
folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'results')
with open(os.path.join(folder, where + '.json'), 'w') as f:
    f.write('[\n' + ',\n'.join(json.dumps(r) for r in rows) + '\n]\n')

COLUMNS = {
    'wall_us': 'wall, us', 'cpu_us': 'CPU, us', 'gone_us': 'until nothing is left, us', 'runs': 'runs',
    'guest_instructions': 'guest instructions', 'exits': 'exits', 'exits_of_the_run': 'exits of the whole run',
    'private_kib': 'private, KiB', 'kuni': 'kuni', 'linux': 'Linux guest', 'ratio': 'ratio',
}


def cell(value):
    if isinstance(value, dict):
        return ', '.join('%s %d' % kv for kv in sorted(value.items()))
    if isinstance(value, float) and value >= 100:
        value = round(value)
    return '{:,}'.format(value) if isinstance(value, int) else str(value)


with open(os.path.join(folder, where + '.md'), 'w') as f:
    for question in dict.fromkeys(r['question'] for r in rows):
        mine = [r for r in rows if r['question'] == question]
        columns = [c for c in COLUMNS if any(c in r for r in mine)]
        f.write('## %s\n\n| |%s\n|---|%s\n' % (
            question, ''.join(' %s |' % COLUMNS[c] for c in columns), '---:|' * len(columns)))
        for r in mine:
            f.write('| %s |%s\n' % (r['subject'], ''.join(' %s |' % cell(r.get(c, '')) for c in columns)))
        ratios = sorted(r['ratio'] for r in mine if 'ratio' in r)
        if ratios:
            f.write('| median of the ratios | | | %.2f |\n' % ratios[len(ratios) // 2])
        f.write('\n')
