/* What one packet to one receiver costs at the least: encrypt and send, and nothing else. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

typedef int (*srtp_function)(void *session, void *packet, int *size);

/* Until a datagram of one byte comes: each datagram goes to every port, encrypted for it. Returns how many went. */
long floor_run(int fd, size_t protect, const size_t *sessions, const int *ports, int count) {
    srtp_function function = (srtp_function)protect;
    uint8_t in[2048], out[2048];
    long sent = 0;
    struct pollfd waiting = {fd, POLLIN, 0};
    for (;;) {
        poll(&waiting, 1, -1);
        ssize_t size;
        while ((size = recv(fd, in, sizeof in, MSG_DONTWAIT)) > 0) {
            if (size == 1) return sent;
            for (int i = 0; i < count; i++) {
                int length = (int)size;
                struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)ports[i])};
                to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
                memcpy(out, in, (size_t)size);
                if (function((void *)sessions[i], out, &length)) continue;
                if (sendto(fd, out, (size_t)length, 0, (struct sockaddr *)&to, sizeof to) == length) sent++;
            }
        }
    }
}
