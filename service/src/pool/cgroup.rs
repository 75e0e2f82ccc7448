//! The memory limits of the control groups this process is in, versions 1 and 2 and both at once.
//!
//! A group's own limit may be none while one above it has one, so all of them are looked at, up to the root of what is mounted. File
//! pages that were not used lately (`inactive_file`) count as free: the kernel takes them back before it ends a process, and the kubelet
//! counts in the same way ("working set"). Reading is the caller's; here are only paths and texts.
//! Formats: kernel documentation, `admin-guide/cgroup-v2.rst`, `admin-guide/cgroup-v1/memory.rst`, `proc(5)`.

use std::path::{Path, PathBuf};

/// Above this a version 1 limit is none: it writes "unlimited" as the largest multiple of the page size.
const UNLIMITED: u64 = 1 << 62;

/// Deeper than any machine nests groups; a path that is longer is not walked further.
const DEPTH_MAX: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

/// Where this process's memory group is: the folder, and the mount above which there is nothing.
#[derive(Debug, PartialEq, Eq)]
struct Group {
    version: Version,
    folder: PathBuf,
    mount: PathBuf,
}

/// Bytes that are free under the tightest limit there is; `None` when there is none. `read` gives a file's text, when it is there.
pub(super) fn free_bytes(read: &impl Fn(&Path) -> Option<String>) -> Option<u64> {
    let own = read(Path::new("/proc/self/cgroup"))?;
    let mounts = read(Path::new("/proc/self/mountinfo"))?;
    let group = Group::find(&own, &mounts)?;
    let folders = group.folder.ancestors().take_while(|folder| folder.starts_with(&group.mount)).take(DEPTH_MAX);
    folders.filter_map(|folder| free_in(group.version, &|name| read(&folder.join(name)))).min()
}

/// What one group leaves free, when it has a limit.
fn free_in(version: Version, read: &impl Fn(&str) -> Option<String>) -> Option<u64> {
    let number = |name: &str| read(name)?.trim().parse::<u64>().ok();
    let (limit, used, reclaimable) = match version {
        // `memory.high` ends nobody, but beyond it everybody is slowed down until they give back.
        Version::Two => (
            number("memory.max").into_iter().chain(number("memory.high")).min(),
            number("memory.current")?,
            "inactive_file",
        ),
        Version::One => (
            number("memory.limit_in_bytes").filter(|limit| *limit < UNLIMITED),
            number("memory.usage_in_bytes")?,
            "total_inactive_file",
        ),
    };
    let reclaimable = read("memory.stat").and_then(|text| entry(&text, reclaimable)).unwrap_or(0);
    Some(limit?.saturating_sub(used.saturating_sub(reclaimable)))
}

/// The number after `name` in `memory.stat`.
fn entry(stat: &str, name: &str) -> Option<u64> {
    stat.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

impl Group {
    /// By the texts of `/proc/self/cgroup` and `/proc/self/mountinfo`. Where version 1 has the memory controller, version 2 has none.
    fn find(own: &str, mounts: &str) -> Option<Self> {
        let lines = || {
            own.lines().filter_map(|line| {
                let (_, rest) = line.split_once(':')?;
                rest.split_once(':')
            })
        };
        let one = lines().find(|(controllers, _)| controllers.split(',').any(|one| one == "memory"));
        let two = lines().find(|(controllers, _)| controllers.is_empty());
        let (version, path) = match (one, two) {
            (Some((_, path)), _) => (Version::One, path),
            (None, Some((_, path))) => (Version::Two, path),
            (None, None) => return None,
        };
        let (root, mount) = mounts.lines().find_map(|line| mounted(line, version))?;
        // In a container the mount often shows only a part of the tree, while the path is told from the top of it; a path that leads out
        // of what is mounted (`/../..`) names nothing that can be read.
        let inside = Path::new(path).strip_prefix(&root).ok();
        let inside = inside.filter(|inside| !inside.components().any(|part| part.as_os_str() == ".."));
        let folder = inside.map_or_else(|| mount.clone(), |inside| mount.join(inside));
        Some(Self { version, folder, mount })
    }
}

/// Root within the tree and mount point, when this line of `mountinfo` mounts the memory controller.
fn mounted(line: &str, version: Version) -> Option<(PathBuf, PathBuf)> {
    let (before, after) = line.split_once(" - ")?;
    let mut before = before.split(' ').skip(3);
    let (root, mount) = (before.next()?, before.next()?);
    let mut after = after.split(' ');
    let (kind, options) = (after.next()?, after.nth(1).unwrap_or_default());
    let ours = match version {
        Version::One => kind == "cgroup" && options.split(',').any(|option| option == "memory"),
        Version::Two => kind == "cgroup2",
    };
    ours.then(|| (unescaped(root), unescaped(mount)))
}

/// `mountinfo` writes blanks, tabs, line ends and backslashes as three octal digits.
fn unescaped(text: &str) -> PathBuf {
    let mut path = text.to_owned();
    for (code, letter) in [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")] {
        path = path.replace(code, letter);
    }
    path.into()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    const MIB: u64 = 1 << 20;

    fn free_mib(files: &[(&str, &str)]) -> Option<u64> {
        let files: HashMap<&str, &str> = files.iter().copied().collect();
        free_bytes(&|path| files.get(path.to_str()?).map(|text| (*text).to_owned())).map(|bytes| bytes / MIB)
    }

    const V2_MOUNTS: &str = "22 1 0:20 / /sys rw,nosuid - sysfs sysfs rw
30 22 0:26 / /sys/fs/cgroup rw,nosuid,nodev - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot
";

    #[test]
    fn version_two_counts_the_tightest_limit_above_and_old_file_pages_as_free() {
        let unit = "/sys/fs/cgroup/system.slice/helmwatch.service";
        let files = [
            ("/proc/self/cgroup", "0::/system.slice/helmwatch.service\n"),
            ("/proc/self/mountinfo", V2_MOUNTS),
            (&format!("{unit}/memory.max"), "max\n"),
            (&format!("{unit}/memory.high"), "max\n"),
            (&format!("{unit}/memory.current"), "104857600\n"),
            ("/sys/fs/cgroup/system.slice/memory.max", "1073741824\n"),
            ("/sys/fs/cgroup/system.slice/memory.high", "max\n"),
            ("/sys/fs/cgroup/system.slice/memory.current", "943718400\n"),
            (
                "/sys/fs/cgroup/system.slice/memory.stat",
                "anon 1\nactive_file 9\ninactive_file_x 7\ninactive_file 209715200\n",
            ),
        ];
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (&**name, *text)).collect();
        assert_eq!(free_mib(&files), Some(1024 - (900 - 200)));
        let mut tighter = files.clone();
        tighter.retain(|(name, _)| *name != format!("{unit}/memory.high"));
        let high = format!("{unit}/memory.high");
        tighter.push((&high, "209715200\n"));
        assert_eq!(free_mib(&tighter), Some(100), "its own, tighter one; a soft limit counts too");
    }

    #[test]
    fn version_one_has_other_names_and_an_unlimited_that_is_a_number() {
        let files = [
            ("/proc/self/cgroup", "9:name=systemd:/\n4:cpu,memory:/docker/c1\n0::/\n"),
            (
                "/proc/self/mountinfo",
                "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
            ),
            ("/sys/fs/cgroup/memory/docker/c1/memory.limit_in_bytes", "536870912\n"),
            ("/sys/fs/cgroup/memory/docker/c1/memory.usage_in_bytes", "524288000\n"),
            ("/sys/fs/cgroup/memory/docker/c1/memory.stat", "inactive_file 1\ntotal_inactive_file 104857600\n"),
            ("/sys/fs/cgroup/memory/docker/memory.limit_in_bytes", "9223372036854771712\n"),
            ("/sys/fs/cgroup/memory/docker/memory.usage_in_bytes", "9000000000\n"),
        ];
        assert_eq!(
            free_mib(&files),
            Some(512 - (500 - 100)),
            "version 1 where it has the controller, though 2 is mounted"
        );
        assert_eq!(free_mib(&files[..2]), None, "no file, no limit");
        let unlimited: Vec<_> = files.iter().copied().filter(|(name, _)| !name.contains("/c1/")).collect();
        assert_eq!(free_mib(&unlimited), None, "unlimited is no limit");
    }

    #[test]
    fn in_a_container_the_mount_is_the_groups_own_folder() {
        // The path is told from the host's root (no namespace of its own), the mount shows the container's part only.
        let mounts = "35 31 0:32 /kubepods/pod\\040a/c1 /sys/fs/cgroup ro - cgroup2 cgroup rw\n";
        let limits = [("/sys/fs/cgroup/memory.max", "2097152"), ("/sys/fs/cgroup/memory.current", "1048576")];
        for own in ["0::/kubepods/pod a/c1\n", "0::/../../elsewhere\n", "0::/\n"] {
            let mut files = vec![("/proc/self/cgroup", own), ("/proc/self/mountinfo", mounts)];
            files.extend(limits);
            assert_eq!(free_mib(&files), Some(1), "{own}");
        }
    }

    #[test]
    fn more_used_than_allowed_leaves_nothing_and_nonsense_limits_nothing() {
        let files = |max, current| {
            vec![
                ("/proc/self/cgroup", "0::/a\n"),
                ("/proc/self/mountinfo", V2_MOUNTS),
                ("/sys/fs/cgroup/a/memory.max", max),
                ("/sys/fs/cgroup/a/memory.current", current),
            ]
        };
        assert_eq!(free_mib(&files("1048576", "9999999")), Some(0));
        assert_eq!(free_mib(&files("much", "1")), None);
        assert_eq!(free_mib(&files("-1", "1")), None);
        assert_eq!(free_mib(&[("/proc/self/cgroup", "\u{0}garbage"), ("/proc/self/mountinfo", "- - -")]), None);
    }
}
