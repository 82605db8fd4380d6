// One caller's RTP port: hears, and speaks silence each 20 ms when it is told where to.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

const SILENCE = 0xd5;

export class RtpPort {
  static async open(host) {
    const rtp = new RtpPort();
    rtp.socket = createSocket('udp4');
    rtp.socket.on('message', (packet) => rtp.onPacket?.(packet, performance.now()));
    rtp.socket.bind(0, host);
    await once(rtp.socket, 'listening');
    rtp.port = rtp.socket.address().port;
    return rtp;
  }

  // Resolves with the time of the first packet that satisfies test.
  first(test = () => true) {
    return new Promise((heard) => { this.onPacket = (packet, at) => { if (test(packet)) { this.onPacket = null; heard(at); } }; });
  }

  close() { this.socket.close(); }
}

export const isSound = (packet) => {
  let loud = 0;
  for (let i = 12; i < packet.length; i++) if (packet[i] !== SILENCE && packet[i] !== 0x55) loud++;
  return loud > (packet.length - 12) / 2;
};
