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
const json = JSON.stringify
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

// --- what an engine that hears answers ---------------------------------------------------------------

const hears = (name, object) => seed('asr', name, json(object))
hears('full', { text: '我想咨询\n退税', engine: 'paraformer 2', confidence: 0.875, words: [{ at: 1 }] })
hears('empty', { text: '', engine: null, confidence: null })
hears('number', { text: 7 })
hears('no_text', { engine: 'x' })
hears('list', [{ text: 'x' }])
hears('long_engine', { text: 'x', engine: '引擎'.repeat(40) })
hears('engine_kind', { text: 'x', engine: 7 })
hears('confidence_kind', { text: 'x', confidence: '0.5' })
hears('confidence_range', { text: 'x', confidence: 87 })
hears('control', { text: 'a\u0000b\u001f\u007f\tc\r\n', engine: '\u0001' })
hears('surrogate', { text: '\ud800x' })
hears('long', { text: '长'.repeat(20001) })
seed('asr', 'infinite', '{"text":"x","confidence":1e999}')
seed('asr', 'not_utf8', Buffer.from([0x7b, 0x22, 0x74, 0x65, 0x78, 0x74, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d]))
seed('asr', 'half', '{"text":"x')
seed('asr', 'html', '<html>busy</html>')
const answers = (name, ...parts) => seed('asr', `http_${name}`, parts.join('\r\n'))
answers('good', 'HTTP/1.1 200 OK', 'Content-Type: application/json', 'content-length: 12', '', '{"text":"x"}')
answers('no_length', 'HTTP/1.0 200 OK', '', '{"text":"x"}')
answers('short', 'HTTP/1.1 200 OK', 'Content-Length: 100', '', '{"text":"x"}')
answers('busy', 'HTTP/1.1 503 Busy', 'Content-Length: 0', '', '')
answers('strange', 'HTTP/1.1 500 \u00ff\u0001', '', '')
answers('bare', 'HTTP/1.', '', '')
answers('cut', 'HTTP/1.1 200 OK', 'Content-Le')
answers('two', 'HTTP/2 200', '', '{}')
seed('asr', 'rest', '{"text":"x"} and more')

// --- what a voice bot says ------------------------------------------------------------------------

const turn = (who, text, at_ms) => ({ who, text, at_ms })
const tell = (name, object) => seed('bot', name, json(object))
seed('bot', 'report', `outcome=human;rounds=3;intent=${encodeURIComponent('退税')};summary=${encodeURIComponent('问缴费年限')}`)
seed('bot', 'report_broken', 'rounds=1001; intent=%E9%80;summary=a%09b;;=x;outcome=done%0D%0A')
seed('bot', 'place_queue', 'queue-consult')
seed('bot', 'place_node', 'node-main')
tell('full', { intent: '退税进度', slots: { taxpayer_no: '91450100MA5KABCD1X', 所属期: '2026-10', gone: null }, turns: [turn('bot', '您好，请问有什么可以帮您？', 0), turn('caller', '查一下\n退税', 4200)] })
tell('empty', {})
tell('turns_many', { turns: Array.from({ length: 16 }, (_, i) => turn(i % 2 ? 'bot' : 'caller', `第${i}句`, i)) })
tell('turns_too_many', { turns: Array.from({ length: 17 }, () => turn('bot', 'x', 1)) })
tell('slots_many', { slots: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`s${i}`, 'x'])) })
tell('long', { turns: [turn('caller', '长'.repeat(700), 1)] })
tell('long_slot', { slots: { a: 'x'.repeat(300) } })
tell('control', { intent: 'a\u0001', turns: [turn('bot', '\u007f', 0)] })
tell('surrogate', { turns: [turn('bot', '\ud800x', 0)] })
tell('nobody', { turns: [turn('agent', 'x', 0)] })
tell('at', { turns: [turn('bot', 'x', 86400001)] })
tell('at_half', { turns: [turn('bot', 'x', 0.5)] })
tell('unknown', { mood: 'good' })
tell('kinds', { slots: [], turns: {}, intent: 3 })
tell('turn_kinds', { turns: [turn('bot', 3, 'x'), 1, null] })
seed('bot', 'twice', '{"slots":{"a":"b"},"slots":{"a":"c"}}')
seed('bot', 'trailing', '{}  \r\n{')
seed('bot', 'broken_utf8', Buffer.concat([Buffer.from('{"intent":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]))
seed('bot', 'deep', `{"slots":${'{"a":'.repeat(400)}1${'}'.repeat(400)}}`)

// --- what travels with a call between centers ----------------------------------------------------

const along = (object) => Buffer.from(typeof object === 'string' ? object : json(object)).toString('base64url')
const sender = { center: 'nanning', agent_no: '1001', agent: '张三', caller: '13877100001', note: '发票认证\n客户着急' }
const typed = { category: '01', title: '数电票', content: '不能勾选', taxpayer_no: '91450100MA5KABCD1X', urgency: 'urgent', other: 'x', due_at: null }
seed('along', 'full', along({ ...sender, path: [['主菜单', '1'], ['办税指引', '']], draft: typed }))
seed('along', 'bare', along({}))
seed('along', 'many_keys', along({ path: Array.from({ length: 30 }, (_, i) => [`菜单${i}`, String(i % 10)]) }))
seed('along', 'wrong_kinds', along({ center: 1, agent: [], path: [1, [2, 3], ['x', '12']], draft: ['a'], caller: 'sip:x@y' }))
seed('along', 'bad_key', along({ path: [['主菜单', 'x']] }))
seed('along', 'long', along({ note: '长'.repeat(900), center: 'c'.repeat(80), draft: { content: '内容'.repeat(900), answer: '"'.repeat(2000) } }))
seed('along', 'control', along({ note: 'a\u0001b\tc', agent: '\ud800' }))
seed('along', 'not_json', along('{"center":'))
seed('along', 'not_object', along('[1]'))
seed('along', 'padded', along({ note: '12' }) + '==')
seed('along', 'not_base64', 'ab+/c')
seed('along', 'padded_wrong', 'YQ=b')
seed('along', 'draft', json(typed))
seed('along', 'broken_utf8', Buffer.concat([Buffer.from('{"note":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]).toString('base64url'))

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

// --- RTCP ---------------------------------------------------------------------------------------

const ours = 0x11223344
const block = (ssrc, lost, lsr = 0, dlsr = 0) => [u32(ssrc), u32(lost), u32(70000), u32(16), u32(lsr), u32(dlsr)]
const rtcp = (type, count, ...body) => { const b = bytes(body); return [0x80 | count, type, u16(b.length / 4), b] }
const senderReport = (...blocks) => rtcp(200, blocks.length, u32(0x51515151), u32(0xe0000000), u32(0x80000000), u32(160), u32(1), u32(160), ...blocks)
const cname = rtcp(202, 1, u32(0x51515151), [1, 4], 'user', [0, 0])
const heard = (control, ...packets) => { const b = bytes(packets); return [control, u16(b.length), b] }
seed('rtcp', 'sr_sdes', 0, heard(0x31, senderReport(block(ours, 0x01000005)), cname), heard(0x36, []), heard(0x36, []))
seed('rtcp', 'rr_negative', 1, heard(0x16, rtcp(201, 1, u32(5), block(ours, 0x00ffffff, 0x80000000, 5)), cname), heard(6, []))
seed('rtcp', 'rr_two', 0, heard(0x26, rtcp(201, 2, u32(5), block(9, 0), block(ours, 0xffffffff))))
seed('rtcp', 'bye_app', 0, heard(0x11, senderReport(), rtcp(203, 1, u32(5)), rtcp(204, 0, u32(5), 'NAME')))
seed('rtcp', 'too_many_blocks', 0, heard(0x11, rtcp(201, 31, u32(5), block(ours, 3))))
seed('rtcp', 'wrong_length', 0, heard(1, [0x80, 201, 0, 9, 0, 0, 0, 1, 0, 0, 0, 0]), heard(1, [0x81, 200]))
seed('rtcp', 'sdes_first', 0, heard(1, cname))
seed('rtcp', 'heard_and_lost', 0, ...[1, 2, 9, 40, 41].map((n) => heard(0x36, [n, 201])), heard(0x3f, senderReport()), heard(0x3f, []))

// --- telephone events ---------------------------------------------------------------------------

const press = (ms, timestamp, event, end, duration) => [ms, u16(timestamp), 4, event, (end ? 0x80 : 0) | 10, u16(duration)]
seed('tev', 'one', 0, press(20, 10, 5, 0, 160), press(20, 10, 5, 0, 320), press(20, 10, 5, 0, 480), press(20, 10, 5, 1, 640), press(20, 10, 5, 1, 640))
seed('tev', 'end_only', 0, press(20, 10, 11, 1, 800), press(20, 9, 11, 1, 800))
seed('tev', 'overdue', 0, press(20, 10, 1, 0, 160), press(50, 30, 16, 0, 100), [60, u16(40), 3, 1, 2, 3])
seed('tev', 'held', 0, press(20, 10, 9, 0, 0x8000), press(20, 10, 9, 0, 0xff00), press(20, (10 * 80 + 0xff00) / 80, 9, 0, 160), press(250, 2000, 9, 1, 900))
seed('tev', 'two_streams', 0, press(20, 1, 0, 1, 400), press(20, 21, 1, 1, 400), press(20, 1, 0, 1, 400))
seed('tev', 'sent', 1, 0, '1', 10, '*', 20, 'a', 200, 'x', 1, '#', 255)
seed('tev', 'sent_lossy', 1, 0x55, ...'0123456789*#ABCD'.split('').map((d) => [d, 12]))
seed('tev', 'sent_full', 1, 0, ...Array(40).fill(['7', 1]))

// --- SRTP ---------------------------------------------------------------------------------------

const said = (op, message) => { const b = bytes(message); return [op, u16(b.length), b] }
const report = rtcp(201, 0, u32(0x51515151))
for (const suite of [0, 1]) {
  const name = suite ? 'gcm' : 'cm'
  seed('srtp', `${name}_stream`, suite, ...[1, 2, 3, 3, 70, 5, 6].map((n) => said(8, rtp(n, n, [n, n]))), said(0x44, rtp(80, 0, sound(3))))
  seed('srtp', `${name}_rtcp`, suite, said(9, report), said(0x85, [report, cname]), said(1, [0x80, 201]), said(9, report))
  seed('srtp', `${name}_raw`, suite, said(2, rtp(1, 1, sound(5))), said(3, [report, Array(16).fill(1), u32(0x80000001)]), said(3, [report, Array(20).fill(1), u32(1)]), said(2, [0x80, 8]))
  seed('srtp', `${name}_wraps`, suite, ...[65534, 65535, 0, 1, 65533, 40000, 9000, 42000].map((n) => said(0xf8, rtp(n, n, [n & 255]))))
  seed('srtp', `${name}_sources`, suite, ...[1, 2, 3, 4, 5].map((n) => said(0, rtp(n, n, [], { ssrc: n }))), said(0, rtp(1, 1, [1], { first: 0x91, more: [u32(1), u16(0), u16(1), u32(0)] })),
    said(0, rtp(1, 1, [], { first: 0x9f })), said(0, [0x40, 8, 0, 0]))
}

// --- offers of browsers -------------------------------------------------------------------------

const fingerprint = 'AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89'
const browser = (change = (l) => l) => crlf(...change(['v=0', 'o=- 4611731400430051336 2 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0',
  'a=extmap-allow-mixed', 'a=msid-semantic: WMS 5b6c', 'm=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126', 'c=IN IP4 0.0.0.0', 'a=rtcp:9 IN IP4 0.0.0.0',
  'a=ice-ufrag:Hk3T', 'a=ice-pwd:abcdefghijklmnopqrstuvwx', 'a=ice-options:trickle', `a=fingerprint:sha-256 ${fingerprint}`, 'a=setup:actpass', 'a=mid:0',
  'a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level', 'a=sendrecv', 'a=msid:5b6c 1f3e', 'a=rtcp-mux', 'a=rtcp-rsize', 'a=rtpmap:111 opus/48000/2',
  'a=fmtp:111 minptime=10;useinbandfec=1', 'a=rtpmap:0 PCMU/8000', 'a=rtpmap:8 PCMA/8000', 'a=rtpmap:110 telephone-event/48000', 'a=rtpmap:126 telephone-event/8000', 'a=ssrc:1 cname:x']))
const instead = (from, to) => (lines) => lines.map((line) => line.replace(from, to))
seed('offer', 'chrome', browser())
seed('offer', 'firefox', crlf('v=0', 'o=mozilla...THIS_IS_SDPARTA-99.0 6412163852362363912 0 IN IP4 0.0.0.0', 's=-', 't=0 0', `a=fingerprint:sha-256 ${fingerprint.toLowerCase()}`,
  'a=group:BUNDLE a1 b', 'a=ice-options:trickle', 'm=audio 50432 UDP/TLS/RTP/SAVPF 109 9 0 8 101', 'c=IN IP4 192.0.2.8', 'a=candidate:0 1 UDP 2122252543 192.0.2.8 50432 typ host',
  'a=sendonly', 'a=ice-pwd:0123456789abcdef0123456789abcdef', 'a=ice-ufrag:1f2e3d4c', 'a=mid:a1', 'a=rtcp-mux', 'a=rtpmap:101 telephone-event/8000/1', 'a=rtpmap:101 TELEPHONE-EVENT/8000', 'a=setup:active'))
seed('offer', 'video', browser((l) => [...l, 'm=video 9 UDP/TLS/RTP/SAVPF 96']))
const changes = { plain: ['UDP/TLS/RTP/SAVPF', 'RTP/AVP'], tcp: ['UDP/TLS', 'TCP/TLS'], port_0: ['audio 9', 'audio 0'], passive: ['actpass', 'passive'], no_mux: ['rtcp-mux', 'x'], no_g711: [/0 8 13/, '13'],
  bad_formats: ['126', '1260'], recvonly: ['sendrecv', 'recvonly'], inactive: ['sendrecv', 'inactive'], sha1: ['sha-256', 'sha-1'], short_finger: [':89', ''], bad_finger: ['AB:', 'AX:'],
  bad_ufrag: ['Hk3T', 'H 3T'], short_pwd: ['qrstuvwx', ''], bad_mid: ['mid:0', 'mid:a b'], no_group: ['BUNDLE 0', 'BUNDLE 1'], no_media: ['m=audio', 'x=audio'], version_1: ['v=0', 'v=1'], no_ice: [/a=ice-.*/, ''] }
for (const [name, [from, to]] of Object.entries(changes)) seed('offer', name, browser(instead(from, to)))

// --- the shared port: scripts of fuzz_line.c and fuzz_tcp.c --------------------------------------

const OP = { datagram: 0, check: 1, protect: 2, key: 3, time: 4, restart: 5, close: 6, open: 7, send: 8, socket: 9, shake: 10 }
const lineOf = (n) => n << 5
const checkFrom = (address, flags = 7) => [OP.check, address, flags]
const datagram = (address, message) => { const b = bytes(message); return [OP.datagram, address, u16(b.length), b] }
const guarded = (address, message) => { const b = bytes(message); return [OP.protect, address, b.length, b] }
const hello = [22, 0xfe, 0xfd, Array(8).fill(0), u16(4), 1, 2, 3, 4]
seed('line', 'up_and_talk', 0, checkFrom(1), OP.key, 0, guarded(1, rtp(1, 1, [1, 2])), guarded(1, rtp(1, 1, [1, 2])), guarded(1, report), OP.send, 0, u16(172), rtp(7, 7, sound(1)))
seed('line', 'lost_and_back', 0, checkFrom(1), OP.key, 0, OP.time, 255, guarded(1, rtp(2, 1, [1])), OP.time, 255, OP.time, 10)
seed('line', 'many_pairs', 0, ...Array.from({ length: 10 }, (_, i) => [checkFrom(i, 5 + (i === 4 ? 2 : 0)), OP.time, i === 6 ? 100 : 1]), OP.key, 0, OP.send, 0, u16(20), rtp(7, 7, sound(1)))
seed('line', 'ipv6', 32, checkFrom(17), checkFrom(1), OP.key, 0, guarded(17, rtp(1, 1, [1])), OP.socket, 0, 4, 0, 1, 0, 0, OP.send, 0, u16(172), rtp(7, 7, sound(1)))
seed('line', 'restart', 0, checkFrom(1), OP.restart, 0, checkFrom(1), checkFrom(2), OP.restart, 0, OP.close, 0, OP.open, 0, checkFrom(2))
seed('line', 'address_moves', 0, checkFrom(lineOf(0) | 3), checkFrom(lineOf(1) | 3), checkFrom(lineOf(2) | 3), OP.close, lineOf(1))
seed('line', 'strangers', 0, datagram(9, hello), datagram(9, rtp(1, 1, [])), datagram(9, stun(1, ice, { key: password })), datagram(9, [1]), datagram(9, [70]), datagram(9, []))
seed('line', 'dtls', 0, checkFrom(1, 5), datagram(1, hello), datagram(1, hello), OP.time, 20, datagram(1, [21, 0xfe, 0xfd]), OP.close, 0)
seed('line', 'dtls_flood', 0, checkFrom(1, 5), ...Array(52).fill(datagram(1, [23])))
seed('line', 'unknown_attribute', 0, OP.check, 1, 0x27, u16(0x31), 1, 7, u16(0x32), 0, OP.check, 1, 0x0f, OP.check, 1, 1, OP.check, 1, 6, OP.check, 1, 5)
seed('line', 'mood', 31, checkFrom(1), OP.key, 0, guarded(1, rtp(1, 1, [1, 2])), checkFrom(lineOf(1) | 2), OP.key, lineOf(1), guarded(lineOf(1) | 2, report), checkFrom(lineOf(2) | 5), OP.key, lineOf(2), OP.time, 255, OP.open, 0)
seed('line', 'handshake', 0, checkFrom(1), OP.shake, 1, guarded(1, rtp(1, 1, [1])), OP.send, 0, u16(172), rtp(7, 7, sound(1)), checkFrom(2), OP.send, 0, u16(172), rtp(8, 8, sound(1)), OP.shake, 1)
seed('line', 'handshake_unasked', 0, OP.shake, 1, checkFrom(1, 5), OP.shake, 1, OP.time, 4)
seed('line', 'handshake_closed', 4, checkFrom(1, 5), checkFrom(lineOf(1) | 2, 5), OP.shake, 1, OP.shake, lineOf(1) | 2)
seed('line', 'guess_then_move', 0, checkFrom(1, 5), OP.time, 100, checkFrom(2, 5), OP.key, 0, guarded(1, rtp(1, 1, [1])), checkFrom(2, 7), OP.close, lineOf(2), OP.restart, lineOf(2))
seed('line', 'many_sent', 0, checkFrom(1), OP.key, 0, ...Array.from({ length: 40 }, (_, i) => [OP.send, 0, u16(30), rtp(i, 7, sound(1).slice(0, 18))]))
seed('line', 'socket_long', 0, OP.socket, 0, 255, Array(1502).fill(0x80), OP.socket, 0, 20, stun(1, []).subarray(0, 20))
seed('line', 'send_long', 0, checkFrom(1), OP.key, 0, OP.send, 0, u16(1250), Array(1250).fill(0x80), OP.send, 0, u16(4), 1, 2, 3, 4, OP.send, lineOf(2), u16(1), 1)
const T = { bytes: 0, frame: 4, check: 8, protect: 12, close: 16, time: 20, key: 24, send: 28 }
const piece = (op, connection, message) => { const b = bytes(message); return [T[op] | connection, b.length, b] }
const streamCheck = (connection, line = 0, flags = 7) => [(line << 5) | T.check | connection, 0, flags]
seed('tcp', 'up_and_talk', 0, streamCheck(0), T.key, 0, piece('protect', 0, rtp(1, 1, [1, 2])), T.send, 3, piece('protect', 0, report), T.close, 1)
seed('tcp', 'in_pieces', 0, piece('bytes', 0, [0]), piece('bytes', 0, [20, 0, 1]), piece('bytes', 0, stun(1, []).subarray(2)), T.close, 0)
seed('tcp', 'too_long', 0, piece('bytes', 0, [255, 255]), piece('bytes', 1, [0, 0]), piece('frame', 2, [22, 1]))
seed('tcp', 'full', 0, streamCheck(0), T.key, 0, T.send, 255, T.send, 255, T.time, 1, T.close, 0, T.send, 2)
seed('tcp', 'full_and_read', 0, streamCheck(0), T.key, 0, T.send, 40, T.close, 2, T.send, 3, T.close, 2, T.send, 200, T.send, 9, T.close, 2)
seed('tcp', 'evicted', 0, ...[0, 1, 2, 3].map((c) => piece('bytes', c, [0])), T.time, 21, T.time, 61)
seed('tcp', 'all_proved', 0, streamCheck(0, 0), streamCheck(1, 1), streamCheck(2, 2), piece('bytes', 3, [0]), streamCheck(0, 1), T.time, 255)
seed('tcp', 'many_wrong', 0, ...Array(10).fill(streamCheck(0, 0, 1)))
seed('tcp', 'closed_while_heard', 1, streamCheck(0), T.key, 0, piece('protect', 0, rtp(1, 1, [1, 2])), piece('bytes', 0, [0, 1]))
seed('tcp', 'ipv6', 32, streamCheck(0), T.key, 0, T.send, 1)

const D = { pass: 0, damage: 1, drop: 2, repeat: 3, raw: 4, timer: 5, application: 6, goodbye: 7, close: 8 }
const handshake = Array(14).fill(D.pass)
for (const [kind, name] of ['browser', 'imposter', 'old_srtp', 'no_srtp'].entries()) seed('dtls', name, kind, handshake, D.application, D.pass, D.goodbye, D.pass, D.pass)
seed('dtls', 'damaged', 0, D.damage, u16(70), 1, D.pass, D.pass, D.timer, handshake)
seed('dtls', 'lossy', 0, D.drop, D.timer, D.repeat, D.pass, D.repeat, D.timer, handshake, D.close)
seed('dtls', 'raw', 0, D.raw, u16(13 + 4), hello, D.raw, u16(3), 1, 2, 3, D.raw, u16(0))
seed('dtls', 'alert_after', 0, handshake, D.raw, u16(15), [21, 0xfe, 0xfd, Array(8).fill(0), 0, 2, 2, 40], D.damage, u16(3), 9, D.close)
seed('dtls', 'after_close', 0, D.pass, D.close, D.pass, D.raw, u16(13 + 4), hello, D.timer)
seed('dtls', 'damaged_late', 0, D.pass, D.pass, D.damage, u16(200), 255, handshake)

// --- HTTP ---------------------------------------------------------------------------------------

const id = '01939a4e-0000-7000-8000-00000000000a'
const get = (path, ...headers) => [`GET ${path}`, ...headers, '', ''].join('\n')
const requests = {
  list: get('/api/v1/calls?center_id=2&caller=138&queue_id=5&from=2026-11-24T16:00:00.123+08:00&after=1764000000000000_' + id + '&limit=20'),
  list_team: get('/api/v1/calls?team=1&from=2026-11-24'), list_regional: get('/api/v1/calls?center_id=1&regional=1'), list_other_center: get('/api/v1/calls?center_id=1'),
  bad_limit: get('/api/v1/calls?limit=0'), bad_time: get('/api/v1/calls?from=2026-1-1'), bad_time_2: get('/api/v1/calls?from=2026-13-01'), bad_cursor: get('/api/v1/calls?after=1_2'),
  bad_queue: get('/api/v1/calls?queue_id=x'), long_caller: get('/api/v1/calls?caller=' + '9'.repeat(101)), no_value: get('/api/v1/calls?caller&from='),
  one: get('/api/v1/calls/' + id, 'If-Match: "3"'), one_no_match: get('/api/v1/calls/' + id), one_bad_match: get('/api/v1/calls/' + id, 'If-Match: 3'), one_bad_id: get('/api/v1/calls/7'),
  latest: get('/api/v1/calls/latest'), head: 'HEAD /api/v1/calls/latest\n\n', put: 'PUT /api/v1/calls/' + id + '\nIf-Match: "12"\n\n{}', method: 'DELETE /api/v1/calls\n\n', unknown: get('/api/v2'), post_page: 'POST /\n\n',
  names: get('/api/v1/things/3/names/录音 1.csv'), names_other: get('/api/v1/things/2/names/x'), names_zero: get('/api/v1/things/0/names/x'), names_center: get('/api/v1/things/1/names/x'),
  range: get('/api/v1/made', 'Range: bytes=10-19', 'Cookie: session=x'), range_end: get('/api/v1/made', 'Range: bytes=-5'), range_open: get('/api/v1/made', 'Range: bytes=990-'), range_beyond: get('/api/v1/made', 'Range: bytes=1000-'),
  range_two: get('/api/v1/made', 'Range: bytes=1-2,4-5'), range_huge: get('/api/v1/made', 'Range: bytes=0-99999999999999999999'), range_none: get('/api/v1/made', 'Range: bytes=-0'), range_back: get('/api/v1/made', 'Range: bytes=5-4'),
  file: get('/api/v1/file', 'Range: bytes=0-3'), file_whole: get('/api/v1/file', 'If-Range: "0-0"', 'Range: bytes=0-3'), file_beyond: get('/api/v1/file', 'Range: bytes=99-'), twice: 'POST /api/v1/twice\n\n', deep: get('/a/b/c/d/e/f/g/h/i/j/k/l'),
  page: get('/calls/7'), root: get('/'), asset: get('/assets/app.js'), missing_asset: get('/assets/gone.js'), dots: get('/../../etc/passwd'), hidden: get('/.hidden'), double: get('//etc/passwd'), backslash: get('/\\etc'), empty: get('/empty.txt'),
  long_path: get('/' + 'x'.repeat(700)), known: get('/index.html', 'If-None-Match: "0-0"'), folder: get('/assets'), not_utf8: Buffer.from('GET /\xff\xfe\n\n', 'latin1'), not_utf8_query: Buffer.from('GET /?a=\xc0\n\n', 'latin1'),
  denied: get('/api/v1/calls?deny=1'), mute: get('/api/v1/calls?mute=1'), announced: 'PUT /api/v1/calls/x\nContent-Length: 5000\n\n', expects: 'PUT /api/v1/calls/x\nContent-Length: 5000\nExpect: 100-continue\n\n',
  endless: 'PUT /api/v1/calls/x\nContent-Length: 99999999999999\n\n', long_body: 'PUT /api/v1/calls/x\n\n' + 'x'.repeat(4200), stopping: 'GET /\n\n' + 'x'.repeat(77), long_method: 'ABCDEFGHIJKLMNOPQRS /\n\n', no_peer: 'GET /api/v1/made\n\n123456', odd_body: 'GET /api/v1/made\n\n1',
  long_param: get('/api/v1/calls/' + 'x'.repeat(200)), bare_range: 'GET bytes=1-3\n\nxxxxx',
}
for (const [name, text] of Object.entries(requests)) seed('http', name, text)
const bodies = {
  all: { name: '咨询', note: 'x', code: 'abc', count: 3, any: -5, enabled: true, call: id, document: { a: [1, 'x', null] } }, least: { name: 'a', count: 500 }, missing: {}, wrong: { name: 1, note: [], code: 'ab', count: 1.5, any: 'x', enabled: 1, call: 'y', more: 1 },
  limits: { name: '', count: 501, note: null, any: 1e300, code: '123456789' }, null_document: { name: 'b', count: 1, document: null, enabled: null }, long_name: { name: '十'.repeat(21), count: 0 },
}
for (const [name, body] of Object.entries(bodies)) seed('body', name, JSON.stringify(body))
const texts = { twice: '{"name":"a","name":"b","count":1}', zero: '{"name":"a\\u0000b","count":1}', backslashes: '{"name":"a\\\\u0000","count":1}', behind: '{"name":"a","count":1} x', array: '[1]', not_json: '{"name"', surrogate: '{"name":"\\ud83d\\ude00","count":1}', lone: '{"name":"\\ud83d","count":1}', deep: '['.repeat(1100), unknown_twice: '{"x":1,"x":2}', exponent: '{"name":"a","count":1e2,"any":1e999}' }
for (const [name, text] of Object.entries(texts)) seed('body', name, text)
seed('body', 'many_unknown', json(Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`f${i}`, 0]))))
seed('body', 'many_twice', '{"count":1' + ',"name":"a"'.repeat(100) + '}')
seed('body', 'not_utf8', '{"name":"', [0xff], '"}')
seed('body', 'raw_zero', '{"name":"', [0], '"}')

// --- flows, calendars ---------------------------------------------------------------------------

const flow = (doings, nodes, entry = Object.keys(nodes)[0]) => `${doings}\n` + JSON.stringify({ entry, nodes }, null, 1)
const reference = readFileSync(join(root, 'docs/flows.md'), 'utf8').match(/```json\n([\s\S]*?)```/)[1]
seed('flow', 'reference', 'p1p4p1123#p\n', reference)
const schema = readFileSync(join(root, 'sql/schema/008-centers.sql'), 'utf8')
for (const [i, found] of [...schema.matchAll(/\{\s*"entry"[\s\S]*?\n\}/g)].entries()) seed('flow', `own_${i}`, 'pp1p2tp*\n', found[0])
const end = { type: 'hangup' }
const menu = (more = {}) => ({ type: 'menu', prompt: 'm', keys: { 1: 'end', '*': '@back', '#': '@main' }, failed: 'end', ...more })
const queue = (more = {}) => ({ type: 'queue', queue: 'q', on_wait_over: 'end', on_no_agent: 'end', on_full: 'end', ...more })
const collect = (more = {}) => ({ type: 'collect', prompt: 'c', variable: 'v', next: 'end', failed: 'end', ...more })
const condition = (more) => ({ type: 'condition', variable: 'caller_no', yes: 'end', no: 'end', ...more })
const flows = {
  hangup: flow('p', { end: { type: 'hangup', prompt: 'bye', reason: 'closed' } }), goto: flow('', { a: { type: 'goto', target: 'end' }, end }), play: flow('12p', { a: { type: 'play', prompt: 'p', next: 'm', interruptible: true }, m: menu(), end }),
  play_ahead: flow('15p', { a: { type: 'play', prompt: 'p', next: 'm' }, m: menu(), end }), menu_failed: flow('pt5p5pt9A', { m: menu({ invalid: 'i', no_input: 'n', retries: 3 }), end }), menu_hint_key: flow('5*5#51', { m: menu({ invalid: 'i' }), end }),
  menus: flow('2p2p*p*p#p21', { m: menu({ keys: { 2: 'n', 1: 'end' } }), n: menu({ keys: { 2: 'o', '*': '@back', '#': '@main' } }), o: menu(), end }),
  deep_menus: flow('1'.repeat(14) + '*#', { ...Object.fromEntries(Array.from({ length: 14 }, (_, i) => [`m${i}`, menu({ keys: { 1: i < 13 ? `m${i + 1}` : 'end', '*': '@back', '#': '@main' } })])), end }),
  queue: flow('pn', { a: queue({ prompt: 'w', music: 'h', priority: -5 }), end }), queue_full: flow('f', { a: queue(), end }), queue_over: flow('sw', { a: queue(), end }), queue_circle: flow('f', { a: queue({ on_full: 'a' }), end }),
  collect: flow('p123#', { a: collect({ min: 2, max: 4, invalid: 'i' }), end }), collect_max: flow('1234', { a: collect({ max: 4, end: '' }), end }), collect_short: flow('1#p1t#t', { a: collect({ min: 3, invalid: 'i', no_input: 'n', retries: 1 }), end }), collect_time: flow('p12t', { a: collect(), end }),
  collect_ahead: flow('12#3', { p: { type: 'play', prompt: 'p', next: 'a', interruptible: true }, a: collect({ next: 'b' }), b: collect({ variable: 'w' }), end }), collect_hint_key: flow('p#1', { a: collect({ min: 2, invalid: 'i' }), end }),
  hours: flow('p', { a: { type: 'hours', calendar: 'office', open: 'end', closed: 'end' }, end }), hours_unknown: flow('8', { m: menu({ keys: { 8: 'a' } }), a: { type: 'hours', calendar: 'none', open: 'end', closed: 'm' }, end }),
  equals: flow('', { a: condition({ equals: '13877100001' }), end }), in_list: flow('', { a: condition({ in: ['1', '2', '13877100001'] }), end }), starts: flow('', { a: condition({ starts_with: '138' }), end }), is_set: flow('', { a: condition({ is_set: true, variable: 'none' }), end }),
  condition_wrong: flow('', { a: condition({ equals: 5, in: [], is_set: false }), end }), condition_long: flow('', { a: condition({ in: Array(17).fill('x'.repeat(40)) }), end }), condition_none: flow('', { a: condition({}), end }),
  wrong_type: flow('', { a: { type: 'dance' }, b: { type: 7 }, c: [], end }), wrong_fields: flow('', { a: { type: 'play', prompt: '', next: 'x', interruptible: 1, more: 1, name: '' }, end: { type: 'hangup', reason: 'x', prompt: 7 } }), empty_field: flow('', { a: { type: 'hangup', '': 1 } }),
  blank_field: flow('', { a: { type: 'hangup', ' ': 1, 'type name': 2 } }), wrong_menu: flow('', { m: menu({ keys: { x: 'end', 11: 'end', 1: 7, 2: 'gone' }, retries: 10, timeout_ms: 1.5 }), n: menu({ keys: {} }), end }), wrong_collect: flow('', { a: collect({ min: 9, max: 2, end: '12', variable: 'caller_no' }), end }),
  many_variables: flow('', { ...Object.fromEntries([0, 1, 2, 3, 4, 5].map((i) => [`c${i}`, collect({ variable: `v${i}`, next: i < 5 ? `c${i + 1}` : 'end' })])), end }), missing_names: flow('', { a: { type: 'play', prompt: 'missing', next: 'h' }, h: { type: 'hours', calendar: 'missing', open: 'q', closed: 'q' }, q: queue({ queue: 'missing' }), end }),
  circle: flow('', { a: { type: 'goto', target: 'b' }, b: { type: 'goto', target: 'a' } }), unreachable: flow('', { a: end, b: end }), no_entry: '\n{"entry":7,"nodes":{"a":{"type":"hangup"}},"x":1}', two_entries: '\n{"entry":"a","nodes":{"a":{"type":"hangup"},"a":{"type":"hangup"},"":{"type":"hangup"}}}',
  long_name: flow('', { ['n'.repeat(60)]: end }), no_nodes: '\n{"entry":"a","nodes":{}}', not_json: '\n{', behind: '\n{"entry":"a","nodes":{"a":{"type":"hangup"}}} x', blanks_behind: '\n{"entry":"a","nodes":{"a":{"type":"hangup"}}} \n\t', target_number: flow('', { a: { type: 'goto', target: 7 } }), no_target: flow('', { a: { type: 'goto' } }),
  many_nodes: '\n{"entry":"a","nodes":{' + Array.from({ length: 401 }, (_, i) => `"${i}":0`).join() + '}}', prompts_for_ever: flow('p'.repeat(60), { a: { type: 'play', prompt: 'p', next: 'a' } }), ahead_full: flow('9'.repeat(30) + 'p', { a: { type: 'play', prompt: 'p', next: 'q' }, q: queue(), end }),
}
for (const [name, text] of Object.entries(flows)) seed('flow', name, text)
const week = { 1: [['09:00', '12:00'], ['13:30', '17:00']], 2: [['00:00', '24:00']], 7: [] }
const calendars = {
  office: { week, days: { '2026-10-01': [], '2026-10-10': [['09:00', '17:00']], '2025-11-25': [['08:00', '20:00']] } }, week_only: { week }, empty: { week: {} }, no_week: {}, other: { week, x: 1 }, bad_week: { week: { 8: [], 12: [], 1: 7 } }, list: [],
  bad_period: { week: { 1: [['9:00', '12:00'], ['12:00'], 'x', ['25:00', '26:00'], ['24:01', '24:02'], ['12:60', '13:00'], ['aa:bb', 'cc:dd'], ['12:00', '11:00']] } }, overlap: { week: { 1: [['09:00', '12:00'], ['11:00', '13:00']] } },
  many_periods: { week: { 1: Array.from({ length: 8 }, (_, i) => [`0${i}:00`, `0${i}:30`]) } }, bad_days: { week, days: { '2026-02-30': [], '2026-13-01': [], '2026/10/01': [], x: [], '20a6-10-01': [] } }, days_list: { week, days: [] },
  many_days: { week: {}, days: Object.fromEntries(Array.from({ length: 402 }, (_, i) => [new Date(Date.UTC(2026, 0, 1 + i)).toISOString().slice(0, 10), []])) },
}
for (const [name, document] of Object.entries(calendars)) seed('calendar', name, JSON.stringify(document))
seed('calendar', 'twice', '{"week":{"1":[],"1":[]},"days":{"2026-10-01":[],"2026-10-01":[]}}')
seed('calendar', 'not_json', '{"week"')

// --- the directory document ---------------------------------------------------------------------

const directory = {
  revision: 12, centers: [{ id: 1, code: 'region', kind: 'regional', name: '区中心', city_code: '', area_code: '', enabled: true, announce_agent_no: true }, { id: 2, code: 'city', kind: 'city', name: '市中心', city_code: '450100', area_code: '0771', enabled: true }],
  agents: [{ user_id: 12, center_id: 2, team_id: 3, agent_no: '1002', name: '乙', auto_answer_ms: 0 }, { user_id: 11, center_id: 2, team_id: 3, agent_no: '1001', name: '甲', auto_answer_ms: 500 }],
  queues: ['longest_idle', 'fewest_calls', 'round_robin', 'by_weight', 'ring_all', 'dice'].map((strategy, i) => ({ id: 9 - i, center_id: 2, code: i ? `q${i}` : 'consult', name: '咨询', strategy, ring_timeout_ms: 20000, wrap_up_ms: -1, max_wait_ms: 1e12, overflow_queue_id: null, sl_threshold_ms: 20000 })),
  members: [{ queue_id: 5, user_id: 12, weight: 60 }, { queue_id: 5, user_id: 11, weight: 60 }, { queue_id: 4, user_id: 11, weight: 1 }],
  flows: [{ id: 7, center_id: 2, code: 'main', version: 3, document: { entry: 'a', nodes: { a: queue({ queue: 'consult', prompt: 'greeting', music: 'hold_music' }), end } } }, { id: 8, center_id: 2, code: 'broken', version: 1, document: {} }, { id: 9, center_id: 1 }],
  prompts: [{ center_id: 2, code: 'greeting', path: 'city/greeting-1.wav' }, { center_id: null, code: 'hold_music', path: 'hold.wav' }, { center_id: 2, code: 'gone', path: 'missing.wav' }, { center_id: 2, code: 'out', path: '../x.wav' }, { center_id: 2, code: 'root', path: '/etc/x.wav' }, { center_id: 2, code: 'none' }],
  numbers: [{ called_no: '077112366', trunk_id: null, center_id: 2, kind: 'public', source: 'direct', flow_code: 'main' }, { called_no: '077112366', trunk_id: 1, center_id: 2, kind: 'access_code', source: 'from_city', flow_code: 'main' }, { called_no: '12366', center_id: 1, source: 'from_12366' }],
  reasons: [{ id: 1, center_id: 2, kind: 'busy', name: '会议' }, { id: 2, center_id: 2, kind: 'rest', name: '用餐' }], wrap_up_codes: [{ center_id: 2, code: 'answered' }, { center_id: 3, code: 'answered' }, {}, 5], calendars: [{ center_id: 2, code: 'default', document: { week } }, { center_id: 2, code: 'bad', document: {} }, {}],
  trunks: [{ id: 1, name: '中继', transport: 'udp', host: '127.0.0.1', port: 5080, allowed_ips: '127.0.0.0/8', max_channels: 0, priority: 10, options_interval_s: 30, registers: false, enabled: true }], phones: [{ user_id: 11, extension: '8001', ha1_md5: 'a'.repeat(32), ha1_sha256: 'b'.repeat(64) }],
}
seed('directory', 'all', json(directory))
seed('directory', 'twice', json(directory), '\n---\n', json({ ...directory, flows: [{ ...directory.flows[0], document: { entry: 'x' } }, { id: 3, center_id: 5, code: 'new', document: {} }] }))
seed('directory', 'other_paths', json(directory), '\n---\n', json({ ...directory, prompts: [{ center_id: 2, code: 'greeting', path: 'city/greeting-2.wav' }] }))
seed('directory', 'lists_missing', '{"revision":1,"centers":[{}]}')
seed('directory', 'huge_numbers', '{"revision":1e300,"centers":[{"id":1e300},{"id":-1e300},{"id":1e999}],"agents":[{"user_id":4294967297,"auto_answer_ms":1e300}],"trunks":[{"port":70000,"max_channels":1e10}]}')
seed('directory', 'no_center', '{"centers":[]}')
seed('directory', 'not_objects', '{"centers":[1,"x",null,[]],"agents":[[]],"queues":[0],"members":[true],"flows":[1],"prompts":["x"],"numbers":[{}],"reasons":[2],"calendars":[3],"trunks":[[]],"phones":[""]}')
seed('directory', 'long_texts', json({ ...directory, centers: [{ id: 1, code: 'x'.repeat(100), name: '长'.repeat(100) }], numbers: [{ called_no: '1'.repeat(100), center_id: 1 }] }))
seed('directory', 'list', '[]')

// --- configuration ------------------------------------------------------------------------------

const own = readFileSync(join(root, 'conf/hotlined.conf'), 'utf8')
seed('config', 'own', own)
const configs = {
  small: 'http: { listen = "127.0.0.1:8080"; };\nmedia: { public_address = "192.0.2.1"; };\n', all_kinds: 'process: { log_level = "debug"; workers = 3; drain_s = 99999; max_calls = "x"; state_dir = 5; web_dir = true; }; media: { port_min = 1.5; port_max = 5L; };',
  outside: 'workers = 3;\nlist = ( 1, 2 );\nprocess: { wokers = 2; };\n', addresses: 'http: { listen = "0.0.0.0:8080"; tls_listen = "x:1"; }; sip: { listen = "[::1]:5060"; tls_listen = "[:5061"; };', media: 'media: { address = "::"; public_address = "host"; port_min = 20001; port_max = 20002; line_port = 20001; };',
  tls: 'http: { certificate = "/a.pem"; };', key_only: 'http: { key = "/a.pem"; };', tts: 'tts: { engine = "voice"; };', tts_command: 'tts: { engine = "command"; };', tts_http: 'tts: { engine = "http"; url = "ftp://x"; };', database: 'database: { conninfo = "host=db.example dbname=x"; };', level: 'process: { log_level = "loud"; };',
  state: 'process: { state_dir = ""; };', long: `process: { state_dir = "/${'x'.repeat(220)}"; web_dir = "${'y'.repeat(300)}"; };`, grammar: 'process: { workers = ; };', nested: 'process: { state_dir: { a = 1; }; };', long_name: `process: { ${'n'.repeat(140)} = 1; };`, address_text: '[2001:db8::1]:8443', address_short: '[]:1', address_none: ':80',
  good_paths: 'process: { state_dir = "/s"; recording_dir = "/r"; prompt_dir = "/p"; log_level = "warn"; }; media: { public_address = "192.0.2.1"; };',
}
for (const [name, text] of Object.entries(configs)) seed('config', name, text)

// --- WAV ----------------------------------------------------------------------------------------

const chunk = (name, ...body) => { const b = bytes(body); return [name, le32(b.length), b, b.length & 1 ? 0 : []] }
const riff = (...chunks) => { const b = bytes(chunks); return bytes(['RIFF', le32(b.length + 4), 'WAVE', b]) }
const format = (code, channels, rate, bits, more = []) => chunk('fmt ', le16(code), le16(channels), le32(rate), le32((rate * channels * bits) / 8), le16((channels * bits) / 8), le16(bits), more)
const tone = (frames, size) => Array.from({ length: frames }, (_, i) => (size === 2 ? le16(Math.round(20000 * Math.sin(i / 3)) & 0xffff) : [(i * 37) & 255]))
const wavs = {
  pcm16_8000: riff(format(1, 1, 8000, 16), chunk('data', tone(64, 2))), pcm16_stereo_44100: riff(format(1, 2, 44100, 16), chunk('LIST', 'INFOx'), chunk('data', tone(128, 2))), pcm8_11025: riff(format(1, 1, 11025, 8), chunk('data', tone(64, 1))), alaw: riff(format(6, 1, 8000, 8, le16(0)), chunk('fact', le32(64)), chunk('data', tone(64, 1))),
  ulaw_stereo: riff(format(7, 2, 8000, 8), chunk('data', tone(128, 1))), extensible: riff(format(0xfffe, 1, 16000, 16, [le16(22), le16(16), le32(4), le16(1), 'guidguidguid00']), chunk('data', tone(64, 2))), extensible_short: riff(format(0xfffe, 1, 16000, 16), chunk('data', tone(8, 2))), mp3: riff(format(0x55, 1, 8000, 8), chunk('data', tone(8, 1))),
  float: riff(format(3, 1, 8000, 32), chunk('data', Array(64).fill(1))), six_channels: riff(format(1, 6, 8000, 16), chunk('data', tone(64, 2))), rate_0: riff(format(1, 1, 0, 16), chunk('data', tone(8, 2))), bits_24: riff(format(1, 1, 8000, 24), chunk('data', tone(9, 1))), wrong_block: bytes(riff(format(1, 1, 8000, 16), chunk('data', tone(8, 2)))).fill(9, 32, 34),
  no_format: riff(chunk('data', tone(8, 2))), no_data: riff(format(1, 1, 8000, 16)), empty_data: riff(format(1, 1, 8000, 16), chunk('data')), short_format: riff(chunk('fmt ', 1, 2, 3), chunk('data', tone(8, 2))), cut: riff(format(1, 1, 8000, 16), chunk('data', tone(64, 2))).subarray(0, 90), cut_chunk: bytes(['RIFF', le32(99), 'WAVE', 'LIST', le32(999), 'x']), not_wav: 'RIFX',
  espeak: bytes(['RIFF', le32(0x7ffff024), 'WAVE', format(1, 1, 22050, 16), 'data', le32(0x7ffff000), tone(96, 2)]), zero_length: bytes(['RIFF', le32(36), 'WAVE', format(1, 1, 22050, 16), 'data', le32(0), tone(96, 2)]), silent: riff(format(1, 1, 8000, 16), chunk('data', Array(64).fill(0))), rate_48000: riff(format(1, 1, 48000, 16), chunk('data', tone(200, 2))), rate_96000: riff(format(1, 1, 96000, 16), chunk('data', tone(200, 2))),
  loud: riff(format(1, 1, 8000, 16), chunk('data', Array(48).fill([255, 127, 0, 128]))), quiet_ends: riff(format(1, 1, 8000, 16), chunk('data', Array(200).fill(0), tone(40, 2), Array(2200).fill(0))), two_formats: riff(format(1, 1, 8000, 16), format(7, 1, 8000, 8), chunk('data', tone(16, 1))), pcm16_odd: riff(format(1, 1, 8000, 16), chunk('data', tone(57, 2), [1, 2, 3, 4, 5, 6])),
}
for (const [name, file] of Object.entries(wavs)) { seed('wav', name, file); seed('wave', name, file) }

// --- texts for speech ---------------------------------------------------------------------------

const spoken = {
  hotline: '欢迎致电12366纳税服务热线', date: '2026-11-24 9:00-17:30，2026/1/5，2026-13-01，2026-1', amounts: '1,234,567元，12.5%，2个，2年，2月，10％，0.5元，100000000元，20位，12 人', phone: '0771-5551234或13877100001，1-2-3', ranges: '9-12月，3~5天，9:00~10:05，24:00，25:00，9:60', wide: '１２３６６和１００号，12号，1001号', lines: '第一行\n第二行\t2026年', zero: '0，00，007元，010，1001元，1010元，10000元，100001元，20012人',
  long: '12345678901234567890，1234,567，12,34，1.2.3，5.', edges: '-5，5-，~，-，9:0，:30', ungrouped: '1,234,567,890,123,456元',
}
for (const [name, text] of Object.entries(spoken)) seed('normalise', name, text)
seed('normalise', 'broken_utf8', [0xef, 0xbc, 0x31, 0xef, 0xbc], '12', [0xff])

const texts_of_people = { plain: '甲乙丙 "x" \\ \n\t\x7f=', emoji: '😀é', number: '-9223372036854775808', number_max: '9223372036854775807', too_big: '99999999999999999999', not_number: '12a', minus: '-', time: '1764000000123', id, id_bad: id.replace('-', 'x'), long: '长'.repeat(120), longer: 'more than the first room for a text '.repeat(16) }
for (const [name, text] of Object.entries(texts_of_people)) seed('text', name, text)
for (const [name, broken] of Object.entries({ overlong: [0xe0, 0x80, 0x80, 0xf0, 0x80, 0x80, 0x80], surrogate: [0xed, 0xa0, 0x80], above: [0xf4, 0x90, 0x80, 0x80, 0xf5], cut: [0x41, 0xe4, 0xbd], stray: [0x80, 0xc1, 0xc2] })) seed('text', name, broken)

// --- SIP ----------------------------------------------------------------------------------------

const sip = (first, cseq, more = [], body = '', type = 'application/sdp', to = '<sip:12366@hotlined>') => crlf(first, 'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK7', 'From: "a" <sip:13877100001@192.0.2.1>;tag=1', `To: ${to}`, 'Call-ID: 1-77@192.0.2.1', `CSeq: ${cseq} ${first.split(' ')[0].startsWith('SIP') ? 'INVITE' : first.split(' ')[0]}`, 'Max-Forwards: 70', 'Contact: <sip:a@192.0.2.1:5060>',
  ...more, ...(body ? [`Content-Type: ${type}`] : []), `Content-Length: ${bytes(body).length}`, '') + body
const offer = crlf(...head('SBC', '198.51.100.20'), 'm=audio 30000 RTP/AVP 8 101', 'a=rtpmap:101 telephone-event/8000')
const tagged = '<sip:12366@hotlined>;tag=2'
const invite = (number = '12366', more = [], cseq = 4) => sip(`INVITE sip:${number}@hotlined SIP/2.0`, cseq, more, offer)
const flowOf = (...messages) => messages.join('\n===\n')
const dtmf = (text, type = 'application/dtmf-relay') => sip('INFO sip:12366@hotlined SIP/2.0', 8, [], text, type, tagged)
const scenes = {
  call: flowOf(invite(), sip('ACK sip:12366@hotlined SIP/2.0', 4, [], '', '', tagged), dtmf('Signal=5\r\nDuration=160\r\n'), dtmf('11', 'application/dtmf'), dtmf('x'), dtmf('y', 'text/plain'), sip('BYE sip:12366@hotlined SIP/2.0', 12, ['Reason: Q.850;cause=16;text="ok"'], '', '', tagged)),
  late_offer: flowOf(sip('INVITE sip:12366@hotlined SIP/2.0', 4), sip('ACK sip:12366@hotlined SIP/2.0', 4, [], offer, undefined, tagged), sip('INVITE sip:12366@hotlined SIP/2.0', 8, [], '', '', tagged), sip('ACK sip:12366@hotlined SIP/2.0', 8, [], offer, undefined, tagged)),
  late_offer_none: flowOf(sip('INVITE sip:12366@hotlined SIP/2.0', 4), sip('ACK sip:12366@hotlined SIP/2.0', 4, [], '', '', tagged)),
  hold: flowOf(invite(), sip('ACK sip:x SIP/2.0', 4, [], '', '', tagged), sip('UPDATE sip:12366@hotlined SIP/2.0', 8, [], offer + 'a=sendonly\r\n', undefined, tagged), sip('UPDATE sip:12366@hotlined SIP/2.0', 8, [], '', '', tagged), sip('INVITE sip:12366@hotlined SIP/2.0', 8, [], 'v=1', undefined, tagged)),
  asserted: invite('12366', ['P-Asserted-Identity: "x" <sip:+8613877100001;phone-context=x@h>, <tel:+86771>', 'X-Hotlined-Call: 01939a4e-0000-7000-8000-00000000000a', 'Session-Expires: 4294967295;refresher=uac', 'Allow: INVITE, UPDATE']), asserted_tel: invite('12366', ['P-Asserted-Identity: <tel:+8613877100001>']), session_short: invite('12366', ['Session-Expires: 90', 'Supported: timer']),
  escaped: invite('%31%32366%00%20%0d'), anonymous: invite().replace('13877100001', 'Anonymous'), invalid: invite().replace('13877100001@192.0.2.1>;tag', '1@anonymous.invalid>;tag'), rejected: invite('404'), progress: flowOf(invite('180'), sip('CANCEL sip:180@hotlined SIP/2.0', 4, [], '', '', tagged)), stranger: invite('12366', [], 1), unregistered: invite('12366', [], 2).replace('13877100001', '8001'), stranger_phone: invite('12366', [], 2).replace('13877100001', '9999'),
  trunk_b: flowOf(invite('12366', [], 3), invite('12366', ['Authorization: Digest username="trunk", realm="hotlined", nonce="x", uri="sip:x", response="00", qop=auth, nc=00000001, cnonce="c"'], 7)), no_codec: sip('INVITE sip:12366@hotlined SIP/2.0', 4, [], offer.replace('8 101', '18')), other_body: sip('INVITE sip:12366@hotlined SIP/2.0', 4, [], 'x', 'text/plain'),
  multipart: sip('INVITE sip:12366@hotlined SIP/2.0', 4, [], '--b\r\nContent-Type: application/isup\r\n\r\nxx\r\n--b\r\nContent-Type: application/sdp\r\n\r\n' + offer + '\r\n--b--\r\n', 'multipart/mixed;boundary=b'), full: flowOf(invite(), invite('1'), invite('2'), invite('3')), options: sip('OPTIONS sip:hotlined SIP/2.0', 4), options_inside: flowOf(invite(), sip('OPTIONS sip:hotlined SIP/2.0', 4, [], '', '', tagged), sip('REFER sip:hotlined SIP/2.0', 4, [], '', '', tagged), sip('INFO sip:hotlined SIP/2.0', 4)), message: sip('MESSAGE sip:hotlined SIP/2.0', 4),
  register: flowOf(sip('REGISTER sip:hotlined SIP/2.0', 2, ['Authorization: @GOOD@', 'Expires: 600'], '', '', '<sip:8001@hotlined>'), sip('REGISTER sip:hotlined SIP/2.0', 2, ['Authorization: @GOOD@'], '', '', '<sip:8001@hotlined>'), invite('1', ['Authorization: @GOOD@'], 6).replace('13877100001', '8001'), sip('REGISTER sip:hotlined SIP/2.0', 6, ['Authorization: @GOOD@'], '', '', '<sip:8001@hotlined>').replace('5060>\r\n', '5060>;expires=0\r\n'), sip('DIAL sip:x SIP/2.0', 3, [], '', '', '<sip:x@hotlined>')),
  register_bad: flowOf(sip('REGISTER sip:hotlined SIP/2.0', 2, [], '', '', '<sip:8001@hotlined>'), sip('REGISTER sip:hotlined SIP/2.0', 2, ['Authorization: Digest username="8001", realm="other", nonce="1"'], '', '', '<sip:8001@hotlined>'), sip('REGISTER sip:hotlined SIP/2.0', 2, ['Authorization: @GOOD@'], '', '', '<sip:nobody@hotlined>'), sip('REGISTER sip:hotlined SIP/2.0', 2, ['Authorization: @GOOD@'], '', '', '<sip:8001@hotlined>').replace('<sip:a@192.0.2.1:5060>', '<mailto:a@b>'), sip('REGISTER sip:hotlined SIP/2.0', 6, ['Authorization: @GOOD@', 'Expires: 10'], '', '', '<sip:8001@hotlined>'), sip('REGISTER sip:hotlined SIP/2.0', 10, ['Authorization: @GOOD@', 'Expires: 0'], '', '', '<sip:8001@hotlined>').replace('<sip:a@192.0.2.1:5060>', '*')),
  dial: flowOf(sip('DIAL sip:x SIP/2.0', 4, [], '', '', '<sip:10086@hotlined>'), sip('SIP/2.0 183 Progress', 4, [], offer), sip('SIP/2.0 200 OK', 4, ['Session-Expires: 90'], offer), sip('BYE sip:x SIP/2.0', 4, [], '', '', tagged)), dial_refused: flowOf(sip('DIAL sip:x SIP/2.0', 4, [], '', '', '<sip:10086@hotlined>'), sip('SIP/2.0 486 Busy', 4, ['Reason: Q.850;cause=17'])), dial_challenged: flowOf(sip('DIAL sip:x SIP/2.0', 4, [], '', '', '<sip:10086@hotlined>'), sip('SIP/2.0 401 Who', 4)), dial_no_sdp: flowOf(sip('DIAL sip:x SIP/2.0', 4, [], '', '', '<sip:10086@hotlined>'), sip('SIP/2.0 200 OK', 4)), dial_bad: sip('DIAL sip:x SIP/2.0', 4, [], '', '', '<sip:100%2086@hotlined>'), dial_b: sip('DIAL sip:x SIP/2.0', 5, [], '', '', '<sip:1@hotlined>'),
}
for (const [name, text] of Object.entries(scenes)) seed('sip', name, text)
Object.assign(scenes, {
  reoffer_waits: flowOf(invite(), sip('ACK sip:x SIP/2.0', 4, [], '', '', tagged), sip('INVITE sip:12366@hotlined SIP/2.0', 8, [], offer.replace('30000', '1'), undefined, tagged), sip('INVITE sip:12366@hotlined SIP/2.0', 12, [], offer, undefined, tagged), sip('END sip:x SIP/2.0', 3)),
  ...Object.fromEntries([0, 1, 2, 3, 7].map((n) => [`end_${n}`, flowOf(invite(), sip('END sip:x SIP/2.0', n), sip('ACK sip:x SIP/2.0', 4, [], '', '', tagged), sip('INFO sip:x SIP/2.0', 8, [], 'Signal=10', 'application/dtmf-relay', tagged))])),
  refer: flowOf(invite(), sip('ACK sip:12366@hotlined SIP/2.0', 4, [], '', '', tagged), ...['<sip:queue-a@hotlined>', '<sip:%71%00@h;method=BYE>', 'sip:x@h?Replaces=1', 'tel:+1', '<sip:node%2Da@h;method=INVITE>'].map((to, i) => sip('REFER sip:12366@hotlined SIP/2.0', 8 + 4 * i, [`Refer-To: ${to}`, 'X-Hotlined-Result: rounds=1;intent=%E9'], '', '', tagged)), sip('REFER sip:x SIP/2.0', 40, [], '', '', tagged)),
  keys: flowOf(invite(), sip('ACK sip:12366@hotlined SIP/2.0', 4, [], '', '', tagged), ...['10', '11', '9', '#', 'd', '12', 'Signal= *\r\nDuration=99999'].map((text) => dtmf(text)), sip('INFO sip:x SIP/2.0', 8, [], '', '', tagged)),
  refresh: flowOf(invite('12366', ['Session-Expires: 100']), sip('ACK sip:x SIP/2.0', 4, [], '', '', tagged), sip('TIME sip:x SIP/2.0', 41), sip('TIME sip:x SIP/2.0', 41), sip('TIME sip:x SIP/2.0', 4000)),
  ring_out: flowOf(sip('DIAL sip:x SIP/2.0', 4, [], '', '', '<sip:10086@hotlined>'), sip('TIME sip:x SIP/2.0', 21), sip('SIP/2.0 200 OK', 4, [], offer)),
  early_then_ok: flowOf(sip('DIAL sip:x SIP/2.0', 4, [], '', '', '<sip:10086@hotlined>'), sip('SIP/2.0 100 Trying', 4), sip('SIP/2.0 183 Progress', 4, [], offer), sip('SIP/2.0 200 OK', 4), sip('SIP/2.0 180 Late', 4), sip('SIP/2.0 200 OK', 4), sip('SIP/2.0 500 No', 4)),
  no_answer: flowOf(sip('DIAL sip:x SIP/2.0', 4, [], '', '', '<sip:1@hotlined>'), sip('SIP/2.0 408 Timeout', 132)), no_connection: flowOf(sip('DIAL sip:x SIP/2.0', 4, [], '', '', '<sip:1@hotlined>'), sip('SIP/2.0 503 No', 132)), no_source: invite('12366', [], 128),
  phone_pinged: flowOf(sip('REGISTER sip:hotlined SIP/2.0', 2, ['Authorization: @GOOD@', 'Expires: 600'], '', '', '<sip:8001@hotlined>'), ...[31, 31, 31, 31, 700, 2].map((n) => sip('TIME sip:x SIP/2.0', n))),
  replayed: flowOf(...['@GOOD@', '@LAST@'].map((c) => sip('REGISTER sip:hotlined SIP/2.0', 2, [`Authorization: ${c}`], '', '', '<sip:8001@hotlined>')), sip('TIME sip:x SIP/2.0', 130), sip('REGISTER sip:hotlined SIP/2.0', 2, ['Authorization: @LAST@'], '', '', '<sip:8001@hotlined>')),
  ping_answered: flowOf(sip('REGISTER sip:hotlined SIP/2.0', 2, ['Authorization: @GOOD@', 'Expires: 9999'], '', '', '<sip:8001@hotlined>'), ...[0, 128, 128].flatMap((n) => [sip('TIME sip:x SIP/2.0', 31), sip('SIP/2.0 200 OK', 256 + n)])), ping_unasked: sip('SIP/2.0 200 OK', 256),
  phone_asks: flowOf(sip('REGISTER sip:hotlined SIP/2.0', 2, ['Authorization: @GOOD@'], '', '', '<sip:8001@hotlined>').replace('Contact: <sip:a@192.0.2.1:5060>\r\n', ''), sip('REGISTER sip:hotlined SIP/2.0', 2, ['Authorization: @GOOD@'], '', '', '<sip:8001@hotlined>').replace('5060>\r\n', '5060>;expires=x\r\n')),
})
Object.assign(scenes, {
  starting_invite: 'STARTING\n' + flowOf(invite(), invite()),
  starting_register: 'STARTING\n' + sip('REGISTER sip:hotlined SIP/2.0', 2, ['Authorization: @GOOD@'], '', '', '<sip:8001@hotlined>'),
})
const parts = (body, type = 'multipart/mixed;boundary=b') => sip('INVITE sip:12366@hotlined SIP/2.0', 4, [], body, type)
const sdpPart = 'content-type:\tapplication/SDP; x=y\r\n\r\n' + offer
Object.assign(scenes, {
  parts_quoted: parts('preamble\r\n--a b\r\n' + sdpPart + '\r\n--a b--\r\n', 'multipart/mixed;boundary="a b"'), parts_no_boundary: parts('--b\r\n' + sdpPart, 'multipart/mixed'), parts_long_boundary: parts('--b', 'multipart/mixed;boundary=' + 'b'.repeat(80)),
  parts_unfinished: parts('--b\n' + sdpPart.replaceAll('\r\n', '\n')), parts_other: parts('--b\r\nContent-Type: application/sdpx\r\n\r\nv=0\r\n--b\r\nContent-Type: application/sdp'), parts_empty: parts('--b\r\n--b--\r\n'), parts_none: parts('x'), parts_headless: parts('--b\r\n\r\n' + offer + '--b--'),
})
for (const [name, text] of Object.entries(scenes)) seed('sip', name, text)
const params = {
  phone: ['username="8001"', 'realm="hotlined"', 'nonce="0123"', 'uri="sip:hotlined"', `response="${'0'.repeat(32)}"`, 'algorithm=MD5', 'qop=auth', 'nc=00000001', 'cnonce="abc"'], sha: ['Username="8001"', 'algorithm=SHA-256', 'qop="auth"', 'nc=0000000A', 'cnonce="\\"x\\\\"', 'uri="sip:a"'], none: ['realm'], other: ['algorithm=SHA-512', 'qop=auth-int', 'nc=1', 'cnonce='],
  long: [`username="${'u'.repeat(300)}"`, `uri=${'v'.repeat(300)}`, `nc=${'0'.repeat(20)}`], no_qop: ['nc=00000001', 'cnonce=x', 'algorithm='], zero_count: ['nc=00000000', 'qop=auth', 'cnonce=x'], nonce_of_ours: [`nonce="${'ab'.repeat(40)}"`, 'realm=hotlined', 'qop=auth', 'nc=00000002', 'cnonce=x'],
}
for (const [name, lines] of Object.entries(params)) seed('digest', name, lines.join('\n'))
const lists = { one: ['192.0.2.1', '192.0.2.1'], networks: ['198.51.100.7', '10.0.0.0/8, 198.51.100.0/25;2001:db8::/32'], six: ['2001:db8::7', '2001:db8::/33 ::1/128'], mapped: ['::ffff:192.0.2.1', '192.0.2.0/31'], wrong: ['192.0.2.1', '192.0.2.0/33, x/8, /, 192.0.2/24, 1.2.3.4/-1'], long: ['192.0.2.1', '203.0.113.5,'.repeat(40)], name: ['host.example', ''], any: ['0.0.0.0', '0.0.0.0/0'], any_six: ['::', '::/0'] }
for (const [name, lines] of Object.entries(lists)) seed('address', name, lines.join('\n'))
const table = '+1387710,1387719,广西,南方,450100,0\n+0771,0771,广西,南方,450100,0\n+010,010,北京,北京,,0\n+0771,0771,广西,西方,450200,1\n'
const numbers = { mobiles: '13877100001\n+86 138 7710-0001\n008613877100001\n8613877100001\n013877100001\n1387710\n19999999999', lines: '07715551234\n+867715551234\n(0771) 555.1234\n01012345678\n0086101234567\n0771\n02012345678', none: 'anonymous\n\n+\n12366\n110', corrected: '=13877100001,西方,450200\n=x,西方,450200\n=1,a,1\n=,b,2\n13877100001\n1', bad_rows: '+1,2,a,b,c,0\n+0x,1,a,b,c,0\n+1387719,1387710,a,b,c,0\n+0999,,a,b,c,1', long: '1'.repeat(100) }
for (const [name, text] of Object.entries(numbers)) seed('place', name, table + text)
seed('place', 'many_cities', Array.from({ length: 70 }, (_, i) => `=${1000 + i},city,${i}`).join('\n'))
seed('place', 'many_corrections', Array.from({ length: 140 }, (_, i) => `=${1000 + i},city,${i % 60}`).join('\n'))

// --- the door of the SIP port ------------------------------------------------------------------------
const at_door = (from, method, { id = 'x@y', to = '', more = '', version = 'SIP/2.0', body = '' } = {}) => `${from}${method} sip:12366@192.0.2.99 ${version}\r\nVia: SIP/2.0/UDP 203.0.113.9;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n`
  + `From: <sip:a@203.0.113.9>;tag=1\r\nTo: <sip:12366@192.0.2.99>${to}\r\nCall-ID: ${id}\r\nCSeq: 1 ${method}\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`;
const scanner = { more: 'User-Agent: friendly-scanner\r\n' };
const live = { id: 'live@call', to: ';tag=2' };
seed('door', 'scanner_is_banned', [at_door('1', 'OPTIONS', scanner), at_door('1', 'OPTIONS'), 'T61', at_door('1', 'OPTIONS')].join('\n===\n'));
seed('door', 'bye_under_a_ban', [at_door('1', 'OPTIONS', scanner), at_door('1', 'BYE', live), at_door('1', 'BYE'), at_door('1', 'INVITE', live), at_door('1', 'ACK', live)].join('\n===\n'));
seed('door', 'compact_under_a_ban', [at_door('2', 'OPTIONS', scanner), at_door('2', 'BYE', live).replace('Call-ID: ', 'i :\t').replaceAll('\r\n', '\n')].join('\n===\n'));
seed('door', 'malformed', Array.from({ length: 15 }, () => at_door('3', 'OPTIONS', { version: 'SIP/7.0' })).join('\n===\n'));
seed('door', 'unserved', Array.from({ length: 45 }, (_, i) => at_door(i % 2 ? '1' : '2', 'MESSAGE', { body: 'x' })).join('\n===\n'));
seed('door', 'trunk', Array.from({ length: 3 }, () => at_door('0', 'OPTIONS', scanner)).join('\n===\n'));
seed('door', 'own_and_half', [at_door('4', 'OPTIONS', scanner), '1BYE', '1BYE sip:x SIP/2.0', '1\r\n\r\n', at_door('1', 'BYE', live).slice(0, 90), '1SIP/2.0 200 OK\r\nCall-ID: a\r\n\r\n'].join('\n===\n'));
const under_a_ban = (name, change) => seed('door', name, [at_door('1', 'OPTIONS', scanner), change(at_door('1', 'BYE', live))].join('\n===\n'));
under_a_ban('blanks_behind', (text) => text.replace('live@call', 'live@call \t'));
under_a_ban('folded', (text) => text.replace('live@call', 'live@call\r\n more'));
under_a_ban('no_call_id', (text) => text.replace(/Call-ID.*\r\n/, ''));
under_a_ban('call_id_far_away', (text) => text.replace('Via:', `X: ${'x'.repeat(4100)}\r\nVia:`));
seed('door', 'bad_request_line', ['1BYE  \r\nCall-ID: a\r\n\r\n', '1BYE sip:[ SIP/2.0\r\nCall-ID: a\r\n\r\n', '2BYE sip:x\r\nCall-ID: a\r\n\r\n'].join('\n===\n'));
