/* A Modbus server that is not ours: libmodbus.
 *
 * server tcp          listens on a free port of loopback
 * server rtu PATH     serves a serial port at 115200 8N1
 *
 * 200 holding and 200 input registers: register a holds (a * 257 + 1000 + table) modulo 65536,
 * where table is 3 or 4, and 200 coils and discrete inputs are on where a * 7 + 1 + table is a
 * multiple of 3, where table is 1 or 2, as unit 1 of server.py. Prints one JSON line when it serves, and ends when
 * it is killed.
 */
#include <arpa/inet.h>
#include <modbus.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define COUNT 200

static modbus_mapping_t *registers(void) {
  modbus_mapping_t *map = modbus_mapping_new(COUNT, COUNT, COUNT, COUNT);
  for (int a = 0; map && a < COUNT; a++) {
    map->tab_registers[a] = (uint16_t)(a * 257 + 1000 + 3);
    map->tab_bits[a] = (a * 7 + 1 + 1) % 3 == 0;
    map->tab_input_bits[a] = (a * 7 + 1 + 2) % 3 == 0;
    map->tab_input_registers[a] = (uint16_t)(a * 257 + 1000 + 4);
  }
  return map;
}

static int free_port(void) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof at;
  if (bind(fd, (struct sockaddr *)&at, size) || getsockname(fd, (struct sockaddr *)&at, &size))
    exit(1);
  close(fd);
  return ntohs(at.sin_port);
}

int main(int argc, char **argv) {
  int serial = argc > 2 && strcmp(argv[1], "rtu") == 0;
  int port = serial ? 0 : free_port();
  modbus_t *context =
      serial ? modbus_new_rtu(argv[2], 115200, 'N', 8, 1) : modbus_new_tcp("127.0.0.1", port);
  modbus_mapping_t *map = registers();
  if (!context || !map) return 1;
  modbus_set_slave(context, 1);
  int listening = -1;
  if (serial ? modbus_connect(context) : (listening = modbus_tcp_listen(context, 4)) < 0) return 1;
  printf("{\"port\": %d}\n", port);
  fflush(stdout);
  for (;;) {
    if (!serial && modbus_tcp_accept(context, &listening) < 0) return 1;
    for (;;) {
      uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
      int length = modbus_receive(context, query);
      if (length > 0) modbus_reply(context, query, length, map);
      if (length < 0 && !serial) break;
    }
    modbus_close(context);
  }
}
