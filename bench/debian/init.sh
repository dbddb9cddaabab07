#!/bin/sh
# What the initial RAM disk does: looks at the machine from user space, checks what it gives, runs
# BusyBox's programs, and powers off. Each check prints one line; the last line sums them up.
# On the kernel's command line, `programs=some` has a few hundred that are quick instead of each with
# its help, `programs=only` those and no checks, `shell` a shell.

/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2> /dev/null
echo "== user space"
failures=0

# check WHAT EXPECTED FOUND
check() {
    if [ "$2" = "$3" ]; then
        echo "check $1: ok"
    else
        echo "check $1: FAILED: expected '$2', found '$3'"
        failures=$((failures + 1))
    fi
}

while read -r module; do insmod "/modules/$module.ko"; done < /etc/modules

if grep -q "\<shell\>" /proc/cmdline; then
    setsid cttyhack sh
    poweroff -f
fi

# Runs quick programs.
some_programs() {
    ran=0
    while [ $ran -lt 300 ]; do
        basename "/tmp/$ran" > /dev/null
        expr $ran + 1 > /dev/null
        /bin/true
        ran=$((ran + 3))
    done
    echo "programs: $ran"
}

if grep -q "\<programs=only\>" /proc/cmdline; then
    some_programs
    poweroff -f
fi

# 1. The machine.
uname -srm
echo "harts: $(grep -c ^processor /proc/cpuinfo)"
check "a second passes" 1 "$(before=$(date +%s); sleep 1; echo $(($(date +%s) - before)))"
check "floating point" 3.142857 "$(awk 'BEGIN { printf "%.6f", 22 / 7 }')"
check "every hart computes" "$(nproc)" "$(
    for _ in $(seq "$(nproc)"); do (i=0; while [ $i -lt 500 ]; do i=$((i + 1)); done; echo done) & done | grep -c done)"

# 2. The disk, if there is one: its first half has a file `sum` of it in the second half's start.
if [ -b /dev/vda ]; then
    half=$(($(cat /sys/block/vda/size) / 2))
    sum=$(dd if=/dev/vda bs=512 skip=$half count=1 2> /dev/null | head -c 64)
    check "the disk's content" "$sum" "$(head -c $((half * 512)) /dev/vda | sha256sum | head -c 64)"
    dd if=/dev/vda of=/dev/vda bs=64k count=8 seek=$((half / 128 + 8)) conv=notrunc,fsync 2> /dev/null
    echo 3 > /proc/sys/vm/drop_caches
    check "what was written to the disk" \
        "$(dd if=/dev/vda bs=64k count=8 2> /dev/null | md5sum)" \
        "$(dd if=/dev/vda bs=64k count=8 skip=$((half / 128 + 8)) 2> /dev/null | md5sum)"
fi
if grep -q virtio /sys/class/misc/hw_random/rng_current 2> /dev/null; then
    check "random numbers" 16 "$(head -c 16 /dev/hwrng | wc -c)"
fi

# 3. The network, if there is a card: a lease, and an answer from the router.
if [ -e /sys/class/net/eth0 ]; then
    ifconfig eth0 up
    check "a lease" 10.0.2.15 "$(udhcpc -n -q -i eth0 -s /bin/true 2>&1 | sed -n 's/.*lease of \([0-9.]*\) .*/\1/p')"
    ifconfig eth0 10.0.2.15 netmask 255.255.255.0
    check "the router answers" 3 "$(ping -c 3 -s 1400 10.0.2.2 | grep -c ' from 10.0.2.2')"
fi

# 4. Programs: what is known of their output, and that each can say how it is used.
cd /tmp || exit
seq 1 2000 > numbers
check awk 2001000 "$(awk '{ s += $1 } END { print s }' numbers)"
check sort "2000 1" "$(sort -rn numbers | sed -n '1p;$p' | xargs)"
check grep 542 "$(grep -c 9 numbers)"
check gzip "$(sha256sum < numbers)" "$(gzip -c numbers | gunzip | sha256sum)"
check bzip2 "$(md5sum < numbers)" "$(bzip2 -c numbers | bunzip2 | md5sum)"
mkdir -p tree/a tree/b && cp numbers tree/a && tar cf tree.tar tree && rm -r tree && tar xf tree.tar
check tar "" "$(cmp numbers tree/a/numbers 2>&1)"
check find "tree/a/numbers" "$(find tree -name 'num*')"
check dc 5 "$(echo '2 3 + p' | dc)"
check od "0000000 41 42" "$(printf AB | od -A o -t x1 | head -1 | sed 's/  */ /g')"
check cpio numbers "$(echo numbers | cpio -o -H newc 2> /dev/null | cpio -t 2> /dev/null)"
if grep -q "\<programs=some\>" /proc/cmdline; then
    some_programs
else
    ran=0
    for program in $(busybox --list); do
        "$program" --help > /dev/null 2>&1 < /dev/null
        ran=$((ran + 1))
    done
    echo "programs: $ran"
fi

if [ $failures = 0 ]; then echo "all checks passed"; else echo "$failures checks FAILED"; fi
poweroff -f
