#!/bin/sh
# Builds ecr, and on request tests or shows it.
#
#   ./build.sh           build/ecr, for this machine
#   ./build.sh aarch64   build/aarch64/ecr
#   ./build.sh test      everything that has to hold before a change goes in
#   ./build.sh demo      the tour of the README, in the lab, without an AWS account
#   ./build.sh deps [test|aarch64]   only install what that needs
#
# What is missing is installed with apt-get by root; anyone else is told the command. Nothing is asked, no network is
# used when all is there already, except once for the pinned archives of vendor/versions.
set -eu
cd "$(dirname "$0")"

# What must be there : the Debian or Ubuntu package that brings it. A name is a command, a path a file (patterns
# allowed), @NAME a module of Python.
build_needs='
	gcc:gcc make:make python3:python3 patch:patch xz:xz-utils curl:curl
	@ensurepip:python3-venv /etc/ssl/certs/ca-certificates.crt:ca-certificates'
aarch64_needs='
	aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu'
test_needs='
	/usr/include/*/sys/cdefs.h:libc6-dev /usr/include/cmocka.h:libcmocka-dev
	clang:clang clang-tidy:clang-tidy cppcheck:cppcheck llvm-symbolizer:llvm
	/usr/lib/llvm-*/lib/clang/*/lib/*/libclang_rt.fuzzer*:libclang-rt-dev
	qemu-aarch64-static:qemu-user-static openssl:openssl strace:strace ip:iproute2 iptables:iptables
	dockerd:docker.io docker:docker-cli docker-registry:docker-registry skopeo:skopeo umoci:umoci zstd:zstd nginx:nginx-light squid:squid
	docker-credential-ecr-login:amazon-ecr-credential-helper'

say() { printf '%s\n' "$*" >&2; }
root() { [ "$(id -u)" = 0 ]; }

# Debian keeps some servers in sbin, which is not on everybody's PATH.
PATH=$PATH:/usr/sbin:/sbin

there() {
	case $1 in
	@*) python3 -c "import ${1#@}" 2>/dev/null ;;
	/*) for path in $1; do [ -e "$path" ] && return; done; return 1 ;;
	*) command -v "$1" >/dev/null ;;
	esac
}

# The packages for what is missing among the arguments.
missing() {
	set -f
	for need in $*; do
		(set +f; there "${need%%:*}") || printf '%s ' "${need##*:}"
	done
	set +f
}

# Nothing that is installed here may start by itself, now or at the next boot: the lab starts its own servers, in
# namespaces of its own.
policy=/usr/sbin/policy-rc.d
units='docker.service docker.socket containerd.service docker-registry.service nginx.service squid.service'
known=
hushed=
hush_services() {
	for unit in $units; do [ ! -e /lib/systemd/system/$unit ] || known="$known $unit"; done
	if [ -x $policy ] && { status=0; $policy docker start >/dev/null 2>&1 || status=$?; [ $status = 101 ]; }; then
		return # services are held back here already
	fi
	[ ! -e $policy ] || mv $policy $policy.ecr-saved
	hushed=1
	trap unhush_services EXIT
	trap 'exit 130' HUP INT TERM
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod 755 $policy
}
unhush_services() {
	[ -n "$hushed" ] || return 0
	hushed=
	rm -f $policy
	[ ! -e $policy.ecr-saved ] || mv $policy.ecr-saved $policy
	trap - EXIT HUP INT TERM
}
disable_new_services() {
	command -v systemctl >/dev/null || return 0
	for unit in $units; do
		case "$known " in *" $unit "*) continue ;; esac
		[ ! -e /lib/systemd/system/$unit ] || systemctl disable --quiet --now $unit >/dev/null 2>&1 || true
	done
}

need() {
	packages=$(missing "$@")
	[ -n "$packages" ] || return 0
	if ! command -v apt-get >/dev/null; then
		say "build.sh: this machine lacks what these packages bring on Debian: $packages"
		exit 1
	elif ! root; then
		say "build.sh: some packages are missing; install them, then run this again:"
		say "  sudo apt-get install --no-install-recommends $packages"
		exit 1
	fi
	say "build.sh: installing $packages"
	export DEBIAN_FRONTEND=noninteractive
	# A third party's repository that is down is not our business: what counts is whether the packages can be had.
	apt-get -q update >/dev/null 2>&1 </dev/null || true
	# Some distributions fold a package into another (docker-cli, libclang-rt-dev); asking for its name would fail.
	wanted=
	for package in $packages; do
		case $(apt-cache policy "$package" | sed -n 's/^ *Candidate: //p') in
		'' | '(none)') ;;
		*) wanted="$wanted $package" ;;
		esac
	done
	hush_services
	status=0
	apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 install $wanted </dev/null >&2 || status=$?
	disable_new_services
	unhush_services
	packages=$(missing "$@")
	if [ "$status" != 0 ] || [ -n "$packages" ]; then
		say "build.sh: apt-get (exit status $status) did not bring: $packages"
		exit 1
	fi
}

# The tests' Python packages, in build/venv. The copy of the list inside it says what it was made from.
venv() {
	list=tests/requirements.txt
	cmp -s $list build/venv/requirements.txt && build/venv/bin/python -c '' 2>/dev/null && return
	say "build.sh: Python packages into build/venv"
	build/venv/bin/python -m pip --version >/dev/null 2>&1 || { rm -rf build/venv && python3 -m venv build/venv; }
	build/venv/bin/python -m pip install -q --disable-pip-version-check -r $list </dev/null
	cp $list build/venv/requirements.txt
}

jobs=$(nproc 2>/dev/null || echo 2)
[ -z "${CI:-}" ] || export WERROR=1
run_make() { make -j"$jobs" "$@" </dev/null; }

failed=
step() {
	name=$1
	shift
	began=$(date +%s)
	say "== $name"
	if "$@"; then
		say "== $name: ok, $(($(date +%s) - began)) s"
	else
		say "== $name: FAILED, $(($(date +%s) - began)) s"
		failed="$failed $name"
	fi
}

# Three labs at once, as tests wait more than they work; each takes the test files that the others have not begun
# (tests/conftest.py). What they say comes at the end.
lab_tests() {
	pids=
	rm -rf build/lab-share && mkdir build/lab-share
	for part in 0 1 2; do
		tests/lab/run build/venv/bin/python -m pytest -p no:cacheprovider --share build/lab-share tests \
			>build/lab-$part.log 2>&1 </dev/null &
		pids="$pids $!"
	done
	trap 'kill $pids' INT TERM HUP
	status=0
	for pid in $pids; do wait "$pid" || status=1; done
	trap - INT TERM HUP
	cat build/lab-0.log build/lab-1.log build/lab-2.log
	return $status
}

run_tests() {
	need $build_needs $aarch64_needs $test_needs
	venv
	step build run_make all
	# Without a binary the rest would only repeat the same complaint.
	[ -z "$failed" ] || { say "build.sh test: FAILED:$failed"; exit 1; }
	step sanitizers run_make asan tsan
	step aarch64 run_make aarch64
	step lint run_make -O lint
	step unit run_make -O unit
	step fuzz-short run_make -O fuzz-short
	step reproducible run_make reproducible
	step lab lab_tests
	[ -z "$failed" ] || { say "build.sh test: FAILED:$failed"; exit 1; }
	say "build.sh test: everything passed"
}

case ${1:-build} in
build)
	need $build_needs
	run_make all
	;;
aarch64)
	need $build_needs $aarch64_needs
	run_make aarch64
	;;
test)
	run_tests
	;;
demo)
	need $build_needs $aarch64_needs $test_needs
	venv
	run_make all
	exec tests/lab/run tests/lab/demo
	;;
deps)
	case ${2:-build} in
	build) need $build_needs ;;
	aarch64) need $build_needs $aarch64_needs ;;
	test) need $build_needs $aarch64_needs $test_needs && venv ;;
	*) say "build.sh: deps of what? build, aarch64 or test"; exit 2 ;;
	esac
	;;
*)
	sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p;}' "$0" >&2
	exit 2
	;;
esac
