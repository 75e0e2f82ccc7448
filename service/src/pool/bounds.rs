//! How large and how old a browser may be.

use std::time::Duration;

use crate::browser::Weight;
use crate::config::PoolConfig;

/// Of the memory bound: a page that holds less is not the one to blame.
const BLAME_PART: u64 = 4;

/// Bounds beyond which a browser is replaced or ended. They move while it runs; browsers are held to them at the next look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    /// MiB; 0: none.
    pub renew_mib: u32,
    /// MiB; 0: none.
    pub max_mib: u32,
    /// Seconds; 0: none.
    pub age_s: u32,
}

/// What is to be done about a browser that was weighed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Good,
    /// Takes no more sessions.
    Renew,
    /// One of its processes is ended.
    EndPart(i32),
    /// All of it is ended.
    End,
}

impl Bounds {
    pub fn of(config: &PoolConfig) -> Self {
        Self {
            renew_mib: config.browser_memory_mib_renew,
            max_mib: config.browser_memory_mib_max,
            age_s: config.browser_age_s_max,
        }
    }

    /// Pure. One page is ended before all of a browser's are: the same page that is still the heaviest at the next look is gone by then.
    pub fn judge(self, weight: &Weight) -> Verdict {
        let (renew, max) = (bytes(self.renew_mib), bytes(self.max_mib));
        if weight.bytes > max {
            return match weight.heaviest {
                Some((pid, bytes)) if bytes > max / BLAME_PART => Verdict::EndPart(pid),
                _ => Verdict::End,
            };
        }
        if weight.bytes > renew { Verdict::Renew } else { Verdict::Good }
    }

    /// Is a browser of this age too old?
    pub fn is_old(self, age: Duration) -> bool {
        self.age_s > 0 && age > Duration::from_secs(self.age_s.into())
    }

    /// The smallest bound that is set, bytes; sizes below it need not be exact.
    pub fn least(self) -> u64 {
        bytes(self.renew_mib).min(bytes(self.max_mib))
    }
}

/// Bytes of a bound; more than there can be when it is none.
fn bytes(mib: u32) -> u64 {
    if mib == 0 { u64::MAX } else { u64::from(mib) << 20 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { renew_mib: 100, max_mib: 200, age_s: 0 };

    fn weight(mib: u64, heaviest: u64) -> Weight {
        Weight { bytes: (mib << 20) + 1, heaviest: Some((7, (heaviest << 20) + 1)) }
    }

    #[test]
    fn a_large_browser_is_renewed_and_one_page_is_ended_before_all_are() {
        assert_eq!(BOUNDS.judge(&weight(99, 90)), Verdict::Good);
        assert_eq!(BOUNDS.judge(&weight(100, 90)), Verdict::Renew);
        assert_eq!(BOUNDS.judge(&weight(200, 90)), Verdict::EndPart(7));
        // Many small pages, or the browser process itself: nobody to blame.
        assert_eq!(BOUNDS.judge(&weight(200, 49)), Verdict::End);
        assert_eq!(BOUNDS.judge(&Weight { bytes: 201 << 20, heaviest: None }), Verdict::End);
    }

    #[test]
    fn a_bound_of_zero_is_none() {
        let none = Bounds { renew_mib: 0, max_mib: 0, age_s: 0 };
        assert_eq!(none.judge(&Weight { bytes: u64::MAX, heaviest: Some((7, u64::MAX)) }), Verdict::Good);
        assert_eq!(none.least(), u64::MAX);
        assert!(!none.is_old(Duration::MAX));
        assert_eq!(Bounds { renew_mib: 0, ..BOUNDS }.least(), 200 << 20);
        let hour = Duration::from_secs(3_600);
        assert!(Bounds { age_s: 3_599, ..BOUNDS }.is_old(hour) && !Bounds { age_s: 3_600, ..BOUNDS }.is_old(hour));
    }
}
