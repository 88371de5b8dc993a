#pragma once
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

/// Forbids core dumps of, and ptrace attachment to, this process (prctl(2), PR_SET_DUMPABLE 0).
static inline int sc_forbid_dumps(void) { return prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L); }

/// Says whether the kernel may dump this process (prctl(2), PR_GET_DUMPABLE): 0 when it may not.
static inline int sc_dumpable(void) { return prctl(PR_GET_DUMPABLE, 0L, 0L, 0L, 0L); }

/// Sets the limit on core files (setrlimit(2), RLIMIT_CORE) to nothing.
static inline int sc_forbid_core_files(void) {
  struct rlimit none = {0, 0};
  return setrlimit(RLIMIT_CORE, &none);
}

/// Reads the soft and the hard limit on open descriptors (getrlimit(2), RLIMIT_NOFILE).
static inline int sc_descriptor_limits(unsigned long long *soft, unsigned long long *hard) {
  struct rlimit limit;
  int result = getrlimit(RLIMIT_NOFILE, &limit);
  if (result == 0) {
    *soft = limit.rlim_cur;
    *hard = limit.rlim_max;
  }
  return result;
}

/// Reads the limit on locked memory in bytes (getrlimit(2), RLIMIT_MEMLOCK); all ones: none.
static inline int sc_locked_memory_limit(unsigned long long *soft) {
  struct rlimit limit;
  int result = getrlimit(RLIMIT_MEMLOCK, &limit);
  if (result == 0) *soft = limit.rlim_cur == RLIM_INFINITY ? ~0ULL : limit.rlim_cur;
  return result;
}

/// Raises the soft limit on open descriptors to the hard one.
static inline int sc_raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return -1;
  limit.rlim_cur = limit.rlim_max;
  return setrlimit(RLIMIT_NOFILE, &limit);
}

/// Gives a signal back its default action; -1 and errno where the kernel refuses.
static inline int sc_default_action(int number) {
  struct sigaction action = {0};
  action.sa_handler = SIG_DFL;
  sigemptyset(&action.sa_mask);
  return sigaction(number, &action, NULL);
}

/// Ignores a signal.
static inline int sc_ignore_signal(int number) {
  struct sigaction action = {0};
  action.sa_handler = SIG_IGN;
  sigemptyset(&action.sa_mask);
  return sigaction(number, &action, NULL);
}

/// 1 where the signal has its default action, 0 where it does not, -1 on failure.
static inline int sc_has_default_action(int number) {
  struct sigaction action;
  if (sigaction(number, NULL, &action) != 0) return -1;
  return !(action.sa_flags & SA_SIGINFO) && action.sa_handler == SIG_DFL;
}

/// Installs a handler without SA_RESTART, so that blocked calls return EINTR, and hands out the
/// action it replaces; a signal that was ignored stays ignored (1 is returned).
static inline int sc_catch_signal(int number, void (*handler)(int), struct sigaction *former) {
  struct sigaction action = {0};
  if (sigaction(number, NULL, former) != 0) return -1;
  if (!(former->sa_flags & SA_SIGINFO) && former->sa_handler == SIG_IGN) return 1;
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  return sigaction(number, &action, NULL);
}

/// Sends a signal to the calling thread and lets it through even where the thread blocks it, so that
/// its action has been taken, a stop included, before this returns.
static inline void sc_raise(int number) {
  sigset_t one, former;
  sigemptyset(&one);
  sigaddset(&one, number);
  if (pthread_sigmask(SIG_UNBLOCK, &one, &former) != 0) return;
  raise(number);
  pthread_sigmask(SIG_SETMASK, &former, NULL);
}

/// Renames without ever replacing an existing file (renameat2(2), RENAME_NOREPLACE).
static inline int sc_rename_new(const char *from, const char *to) {
  return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 1U);
}

/// The width and height of a terminal in character cells; 0 where it does not say.
static inline int sc_window_size(int descriptor, unsigned short *columns, unsigned short *rows) {
  struct winsize size = {0};
  int result = ioctl(descriptor, TIOCGWINSZ, &size);
  *columns = size.ws_col;
  *rows = size.ws_row;
  return result;
}

/// A file without a name that lives in memory and goes with its last descriptor (memfd_create(2)); no program that is
/// started inherits it.
static inline int sc_memory_file(const char *label) { return (int)syscall(SYS_memfd_create, label, 1U); }

/// A descriptor that is readable once a child has ended (pidfd_open(2), Linux 5.3).
static inline int sc_process_descriptor(int process) { return (int)syscall(434L, process, 0U); }

/// glibc 2.34 declares it only where its own extensions are asked for, which a module's import cannot.
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

/// Makes the program that is about to be started close every descriptor from this one on.
static inline int sc_close_from(posix_spawn_file_actions_t *actions, int from) {
  return posix_spawn_file_actions_addclosefrom_np(actions, from);
}
