# SPDX-License-Identifier: Apache-2.0
# langs.sh: Go, Node, Java, Perl, Ruby and Lua, as Debian has them: the programs of
# langs/, and three packages of Go's own tests; langs.bash has the rest.
. tests/workloads/roots.bash
. tests/lib.sh
. tests/workloads/items.bash
. tests/workloads/langs/common.bash
build_go os/exec os/signal path/filepath
item 'Go, static' <<<'exec /items/bin/mix-static'
item 'Go, with cgo' <<<'exec /items/bin/mix-cgo'
go_test os/exec
go_test os/signal
go_test path/filepath
item 'Node' <<<'exec node /items/mix.js'
item 'java -version' <<<'exec java -version'
item 'Java' <<<'exec java -Xms256m -Xmx256m -XX:+UseG1GC -cp /items/bin Mix'
item 'Perl' <<<'exec perl /items/mix.pl'
item 'Ruby' <<<'exec ruby /items/mix.rb'
item 'Lua' <<<'exec lua5.4 /items/mix.lua'
run_items 2
finish
