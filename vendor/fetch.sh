#!/bin/sh
# fetch.sh NAME OUT: puts the pinned archive NAME of vendor/versions at OUT, or fails. Does nothing when it is there.
#
# ECR_ARCHIVES=DIR   look there first (machines without a network)
# DEBIAN_MIRROR=URL  the Debian archive to ask, for machines whose apt does not know one
set -eu

here=$(cd "$(dirname "$0")" && pwd)
name=$1
out=$2
mkdir -p "$(dirname "$out")"
out=$(cd "$(dirname "$out")" && pwd)/$(basename "$out")
work=$(dirname "$out")/fetch
log=$work/$name.log

say() { echo "$name: $*" >&2; }
has() { command -v "$1" >/dev/null 2>&1; }
matches() { [ -f "$2" ] && [ "$(sha256sum <"$2" | cut -d' ' -f1)" = "$1" ]; }

download() {
	if has curl; then
		curl -fsSL --connect-timeout 5 --max-time 120 -o "$2" "$1"
	elif has wget; then
		wget -q --dns-timeout=5 --connect-timeout=5 --read-timeout=60 --tries=1 -O "$2" "$1"
	else
		echo "neither curl nor wget is here"
		return 1
	fi
}

mirror() {
	if [ -n "${DEBIAN_MIRROR:-}" ]; then
		echo "${DEBIAN_MIRROR%/}/"
	elif has apt-get; then
		apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | grep '/debian/$' | head -n 1
	fi
}

# The source package by way of an apt state of our own: own source list, package lists, cache and status, so that the
# machine's apt neither changes nor matters. The archive's signature is checked where Debian's keyring is installed.
apt_source() {
	suite=$1 file=$2 base=$3
	keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	has apt-get && [ -f "$keyring" ] || return 1
	apt=$work/apt
	mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial" "$apt/none"
	: >"$apt/status"
	echo "deb-src [signed-by=$keyring] $base $suite main" >"$apt/sources.list"
	cat >"$apt/conf" <<-EOF
		Dir::State "$apt/state";
		Dir::State::status "$apt/status";
		Dir::Cache "$apt/cache";
		Dir::Etc::SourceList "$apt/sources.list";
		Dir::Etc::SourceParts "$apt/none";
		Dir::Etc::Preferences "$apt/none/preferences";
		Dir::Etc::PreferencesParts "$apt/none";
		APT::Sandbox::User "$(id -un)";
		APT::Update::Post-Invoke-Success "";
		Acquire::Languages "none";
		Acquire::Retries "2";
		Acquire::Check-Valid-Until "false";
	EOF
	# The lists serve every package: one update is enough.
	ls "$apt"/state/lists/*Sources* >/dev/null 2>&1 || APT_CONFIG=$apt/conf apt-get -q update
	(cd "$work" && APT_CONFIG=$apt/conf apt-get -q source --download-only --tar-only "$name") && [ -f "$work/$file" ]
}

from_debian() {
	suite=${1%%:*} file=${1#*:}
	base=$(mirror)
	[ -n "$base" ] || { echo "no Debian archive known: set DEBIAN_MIRROR"; return 1; }
	# Without apt or the keyring the pinned sum alone vouches for the file, which is all that is needed.
	apt_source "$suite" "$file" "$base" ||
		download "${base}pool/main/$(printf %.1s "$name")/$name/$file" "$work/$file"
	mv "$work/$file" "$work/$name.got"
}

from_pip() {
	python=python3
	if ! $python -m pip --version; then
		$python -m venv "$work/venv" || { echo "Python has neither pip nor venv"; return 1; }
		python=$work/venv/bin/python
	fi
	$python -m pip download -q --no-deps --only-binary :all: -d "$work" "$name==$version"
	mv "$work/$1" "$work/$name.got"
}

pins=$(grep "^$name " "$here/versions") || { say "not in vendor/versions"; exit 1; }
mkdir -p "$work"
# Make fetches several at once; they share the apt state.
exec 9>"$work/lock"
! has flock || flock 9
: >"$log"

echo "$pins" | while read -r _ version route sum place; do
	rm -f "$work/$name.got"
	file=${place##*[/:]}
	if matches "$sum" "$out"; then
		exit 7
	elif [ -n "${ECR_ARCHIVES:-}" ] && [ -f "$ECR_ARCHIVES/$file" ]; then
		cp "$ECR_ARCHIVES/$file" "$work/$name.got"
	else
		echo "== $route $place" >>"$log"
		case $route in
		url) download "$place" "$work/$name.got" ;;
		debian) from_debian "$place" ;;
		pip) from_pip "$place" ;;
		esac </dev/null >>"$log" 2>&1 || continue
	fi
	if matches "$sum" "$work/$name.got"; then
		mv "$work/$name.got" "$out"
		say "$version from ${ECR_ARCHIVES:+$ECR_ARCHIVES or }$route"
		exit 7
	fi
	say "the $route route gave another file than the pinned one; not used"
done && status=0 || status=$?

# 7 is "there", so that a loop that ran out of ways is not mistaken for one that found the file.
if [ "$status" = 7 ]; then
	touch "$out"
	exit 0
fi
cat "$log" >&2
say "could not be fetched by any route of vendor/versions"
exit 1
