/* The floor: two plain C programs over TCP, without any protection.
 *   plain_peer echo            listens, prints its port, sends back what comes
 *   plain_peer sink            listens, prints its port, writes one connection to standard output
 *   plain_peer connect PORT    standard input to the connection, the connection to standard output */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char buffer[1 << 18];

static int write_all(int to, const char *bytes, ssize_t count) {
  while (count > 0) {
    const ssize_t written = write(to, bytes, (size_t)count);
    if (written <= 0) return -1;
    bytes += written;
    count -= written;
  }
  return 0;
}

static void no_delay(int descriptor) {
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static int listen_any(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  const int descriptor = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(descriptor, (struct sockaddr *)&address, size) != 0 || listen(descriptor, 16) != 0) exit(1);
  getsockname(descriptor, (struct sockaddr *)&address, &size);
  fprintf(stderr, "%d\n", ntohs(address.sin_port));
  return descriptor;
}

int main(int count, char **words) {
  ssize_t got;
  if (count < 2) return 2;
  if (strcmp(words[1], "connect") == 0 && count == 3) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    address.sin_port = htons((uint16_t)atoi(words[2]));
    const int link = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(link, (struct sockaddr *)&address, sizeof address) != 0) return 1;
    no_delay(link);
    struct pollfd waits[2] = {{.fd = 0, .events = POLLIN}, {.fd = link, .events = POLLIN}};
    while (poll(waits, 2, -1) > 0) {
      if (waits[0].revents != 0) {
        if ((got = read(0, buffer, sizeof buffer)) <= 0) {
          shutdown(link, SHUT_WR);
          waits[0].fd = -1;
        } else if (write_all(link, buffer, got) != 0) {
          return 1;
        }
      }
      if (waits[1].revents != 0) {
        if ((got = read(link, buffer, sizeof buffer)) <= 0) return 0;
        if (write_all(1, buffer, got) != 0) return 1;
      }
    }
    return 1;
  }
  const int listener = listen_any();
  do {
    const int link = accept(listener, NULL, NULL);
    if (link < 0) return 1;
    no_delay(link);
    const int to = strcmp(words[1], "echo") == 0 ? link : 1;
    while ((got = read(link, buffer, sizeof buffer)) > 0)
      if (write_all(to, buffer, got) != 0) return 1;
    close(link);
  } while (strcmp(words[1], "echo") == 0);
  return 0;
}
