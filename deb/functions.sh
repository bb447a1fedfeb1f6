root=/usr/lib/stratumproxy

# The version that the link leads to; nothing if there is none.
current() { readlink "$root/current" 2>/dev/null || true; }

# Folders of versions, a line each.
versions() {
    find "$root" -mindepth 1 -maxdepth 1 -type d ! -name packaged -printf '%f\n' 2>/dev/null || true
}

# The processes that run from a version: they have a C extension of it in memory.
processes() {
    grep -lsF " $root/$1/" /proc/[0-9]*/maps 2>/dev/null | cut -d/ -f3 | sort -n | tr '\n' ' ' ||
        true
}
