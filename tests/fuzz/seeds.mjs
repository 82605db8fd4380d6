// Writes the seeds that are bytes rather than text, and those that are variants of one message, to
// tests/fuzz/corpus. The others there are written by hand. Run it again after changing it:
//     node tests/fuzz/seeds.mjs
import { createHmac } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '..', '..')

function seed(target, name, ...parts) {
  const folder = join(here, 'corpus', target)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, name), Buffer.concat(parts.map(bytes)))
}
function bytes(part) {
  if (typeof part === 'number') return Buffer.from([part])
  if (typeof part === 'string') return Buffer.from(part, 'utf8')
  return Array.isArray(part) ? Buffer.concat(part.map(bytes)) : Buffer.from(part)
}
const u16 = (n) => [(n >> 8) & 255, n & 255]
const u32 = (n) => [...u16((n >>> 16) & 0xffff), ...u16(n & 0xffff)]
const le16 = (n) => [n & 255, (n >> 8) & 255]
const le32 = (n) => [...le16(n & 0xffff), ...le16((n >>> 16) & 0xffff)]
const crlf = (...lines) => lines.map((line) => line + '\r\n').join('')

// --- session descriptions -----------------------------------------------------------------------

const head = (who, address) => ['v=0', `o=${who} 53655765 2353687637 IN IP4 ${address}`, 's=-', `c=IN IP4 ${address}`, 't=0 0']
const event = ['a=rtpmap:101 telephone-event/8000', 'a=fmtp:101 0-15']
const g711 = ['a=rtpmap:8 PCMA/8000', 'a=rtpmap:0 PCMU/8000']
seed('sdp', 'sipp', crlf('v=0', 'o=user1 53655765 2353687637 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0',
  'm=audio 6000 RTP/AVP 0', 'a=rtpmap:0 PCMU/8000'))
seed('sdp', 'trunk', crlf(...head('SBC', '198.51.100.20'), 'm=audio 30000 RTP/AVP 8 0 18 101', ...g711,
  'a=rtpmap:18 G729/8000', 'a=fmtp:18 annexb=no', ...event, 'a=ptime:20', 'a=sendrecv'))
seed('sdp', 'phone_hold', crlf(...head('phone', '192.0.2.15'), 'm=audio 11780 RTP/AVP 0 8 96', ...g711,
  'a=rtpmap:96 telephone-event/8000', 'a=sendonly', 'a=rtcp:11790 IN IP4 192.0.2.15'))
seed('sdp', 'old_hold', crlf('v=0', 'o=- 1 1 IN IP4 0.0.0.0', 's=-', 'c=IN IP4 0.0.0.0', 't=0 0', 'm=audio 4000 RTP/AVP 8'))
seed('sdp', 'inactive', crlf(...head('-', '192.0.2.15'), 'm=audio 4000 RTP/AVP 8', 'a=inactive', 'a=ptime:30'))
seed('sdp', 'video_image', crlf(...head('softphone', '192.0.2.9'), 'm=video 5004 RTP/AVP 34 99', 'a=rtpmap:99 H264/90000',
  'm=audio 5006 RTP/AVP 8 101', ...event, 'a=recvonly', 'm=image 5008 udptl t38', 'm=application 0 UDP/BFCP *'))
seed('sdp', 'ipv6_media', crlf('v=0', 'o=- 1 1 IN IP6 2001:db8::5', 's=-', 't=0 0', 'm=audio 4002 RTP/AVP 0', 'c=IN IP6 2001:db8::5'))
seed('sdp', 'two_audio', crlf(...head('-', '192.0.2.3'), 'm=audio 0 RTP/AVP 8', 'm=audio 4004 RTP/SAVP 8',
  'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj', 'm=audio 4006 RTP/AVP 9 8'))
seed('sdp', 'sloppy', 'v=0\no=x 1 1 IN IP4 192.0.2.7\nc=IN IP4 192.0.2.7\nm=audio 4008 RTP/AVP 8 0\na=ptime:x\na=rtcp:70000\n')
seed('sdp', 'seven_lines', crlf(...head('-', '192.0.2.3'), ...Array(7).fill('m=audio 4000 RTP/AVP 8')))
seed('sdp', 'no_g711', crlf(...head('-', '192.0.2.3'), 'm=audio 4000 RTP/AVP 18 9'))
seed('sdp', 'no_address', crlf('v=0', 's=-', 'm=audio 4000 RTP/AVP 8'))
seed('sdp', 'clean_m', crlf(...head('-', '192.0.2.3'), 'm=audio 4000/2 RTP/AVP 8 {', '  m=audio 1 RTP/AVP 8/8'))
seed('sdp', 'control', 'v=0\r\no=\x01 1 1 IN IP4 192.0.2.3\r\n')
seed('sdp', 'version_1', crlf('v=1', 'm=audio 4000 RTP/AVP 8'))

// --- RTP ----------------------------------------------------------------------------------------

const rtp = (seq, timestamp, payload, { type = 8, marker = 0, ssrc = 0x51515151, first = 0x80, more = [] } = {}) =>
  [first, (marker << 7) | type, u16(seq), u32(timestamp), u32(ssrc), more, payload]
const packet = (control, message) => { const b = bytes(message); return [control, b.length, b] }
const sound = (n) => Array.from({ length: 160 }, (_, i) => (i * n) & 255)
const stream = (from, count, options) => Array.from({ length: count }, (_, i) =>
  packet(4, rtp((from + i) & 0xffff, 1000 + 160 * i, sound(from + i), { marker: i ? 0 : 1, ...options })))
seed('rtp', 'plain', stream(1, 8))
seed('rtp', 'ulaw_wraps', stream(65533, 8, { type: 0 }))
seed('rtp', 'reordered', packet(4, rtp(10, 0, sound(1))), packet(4, rtp(12, 320, sound(2))), packet(4, rtp(11, 160, sound(3))),
  packet(12, rtp(11, 160, sound(3))), packet(4, rtp(13, 480, [])))
seed('rtp', 'jump', stream(1, 3), packet(4, rtp(40000, 5, sound(1))), packet(4, rtp(40001, 165, sound(1))), packet(0x8c, rtp(40002, 1 << 30, sound(1))))
seed('rtp', 'far_behind', stream(500, 2), packet(4, rtp(420, 1, sound(1))), packet(4, rtp(500, 1000, sound(1))))
seed('rtp', 'extension_padding', packet(4, rtp(1, 0, [1, 2, 3, 4, 5, 6, 0, 4], { first: 0xb1, more: [u32(7), u16(0xbede), u16(1), u32(0x10ff0000)] })))
seed('rtp', 'nat', ...[0, 1, 2, 3, 4].map((i) => packet(5, rtp(i, 160 * i, sound(i)))), packet(0xf6, rtp(5, 800, sound(1))), packet(6, rtp(6, 960, sound(1))))
seed('rtp', 'latched_elsewhere', stream(1, 3), packet(0xf6, rtp(4, 640, sound(1))), packet(0xf6, rtp(5, 800, sound(1))), packet(6, rtp(6, 960, sound(1))),
  packet(7, rtp(9, 960, sound(1), { ssrc: 9 })), packet(4, rtp(10, 960, sound(1), { ssrc: 10 })))
seed('rtp', 'short', packet(4, [0x80, 8, 0, 1]), packet(4, rtp(1, 0, [0], { first: 0xa0 })), packet(4, rtp(1, 0, [], { first: 0x90 })), packet(4, rtp(1, 0, [], { first: 0x40 })))

// --- STUN ---------------------------------------------------------------------------------------

function crc32(buffer) {
  let crc = ~0
  for (const b of buffer) {
    crc ^= b
    for (let i = 0; i < 8; i++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return ~crc >>> 0
}
const attribute = (type, value) => { const b = bytes(value); return [u16(type), u16(b.length), b, Array((4 - (b.length % 4)) % 4).fill(0)] }
const cookie = 0x2112a442
function stun(type, attributes, { key = null, fingerprint = true, transaction = '0123456789ab' } = {}) {
  let body = bytes(attributes)
  const header = (length) => bytes([u16(type), u16(length), u32(cookie), transaction])
  if (key) {
    const mac = createHmac('sha1', key).update(Buffer.concat([header(body.length + 24), body])).digest()
    body = Buffer.concat([body, bytes(attribute(8, mac))])
  }
  if (fingerprint) {
    const crc = crc32(Buffer.concat([header(body.length + 8), body]))
    body = Buffer.concat([body, bytes(attribute(0x8028, u32((crc ^ 0x5354554e) >>> 0)))])
  }
  return Buffer.concat([header(body.length), body])
}
const password = 'abcdefghijklmnopqrstuvwx'
const username = attribute(6, 'LOCALUFR:Hk3T')
const ice = [username, attribute(0xc057, [0, 1, 0, 10]), attribute(0x802a, '\x01\x02\x03\x04\x05\x06\x07\x08'), attribute(0x24, u32(1853824767))]
seed('stun', 'chrome', stun(1, ice, { key: password }))
seed('stun', 'chrome_nominates', stun(1, [...ice, attribute(0x25, [])], { key: password }))
seed('stun', 'firefox', stun(1, [attribute(0x25, []), username, attribute(0x8029, u32(1), u32(2)), attribute(0x24, u32(1))], { key: password }))
seed('stun', 'indication', stun(0x11, [], {}))
seed('stun', 'success4', stun(0x101, [attribute(0x20, [0, 1, u16(4000 ^ 0x2112), u32(0xc0000201 ^ cookie)])], { key: password }))
seed('stun', 'success6', stun(0x101, [attribute(0x20, [0, 2, u16(4000 ^ 0x2112), Array(16).fill(7)])], { key: password }))
seed('stun', 'error', stun(0x111, [attribute(9, [0, 0, 4, 87, 'Role Conflict']), attribute(10, u16(0x7fff)), attribute(0x14, 'realm'), attribute(0x15, 'nonce')]))
seed('stun', 'unknown', stun(1, [username, ...[0x30, 0x31, 0x32, 0x33, 0x34].map((t) => attribute(t, 'x'))], { key: password }))
seed('stun', 'behind_integrity', stun(1, [username, attribute(8, Array(20).fill(0)), attribute(0x25, []), attribute(6, 'x')]))
seed('stun', 'bare', stun(1, [], { fingerprint: false }))
seed('stun', 'wrong_priority', stun(1, [attribute(0x24, [1])]))
seed('stun', 'wrong_address', stun(0x101, [attribute(0x20, [0, 3, 0, 0, 0, 0, 0, 0])]))
seed('stun', 'short_error', stun(0x111, [attribute(9, [0])]))
seed('stun', 'empty_username', stun(1, [attribute(6, '')]))
seed('stun', 'long_attribute', stun(1, [u16(6), u16(400)], { fingerprint: false }))
seed('stun', 'short_integrity', stun(1, [attribute(8, [1, 2])]))
seed('stun', 'fingerprint_first', stun(1, [attribute(0x8028, u32(0)), username]))
const written = (flags, size, type, ...attributes) => [9, flags, u16(size), u16(type), attributes.length, attributes, 0, u16(4000), 192, 77]
seed('stun', 'script_request', written(1, 1480, 1, [u16(6), 5, 'ab:cd'], [u16(0x25), 0], [u16(0x24), 4, u32(9)]))
seed('stun', 'script_small', written(1, 40, 1, [u16(6), 5, 'ab:cd']))
seed('stun', 'script_open', written(0, 1480, 0x101, [u16(0x8022), 8, 'hotlined']))

void le16, le32, readFileSync, root
