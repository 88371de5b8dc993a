#pragma once
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/ioctl.h>
#include <termios.h>

/// Forbids core dumps of, and ptrace attachment to, this process (prctl(2), PR_SET_DUMPABLE 0).
static inline int sc_forbid_dumps(void) { return prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L); }
