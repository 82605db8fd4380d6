// Torture messages after the descriptions of RFC 4475: one function a section, written anew for this daemon. Each gives
// the text to send, and says what has to come of it here:
//   [status, ...]  a final answer of that status (the first is the one wanted by the RFC or natural for us)
//   NOTHING        no answer: responses nobody asked for
// ours is what we do instead where that is another thing, and why. udp: means datagrams only.
// at: where we are and how, {host, port, transport, id (unique), server}. Numbers called are none of ours, so an
// INVITE that was understood gets 404.
export const NOTHING = [];

const lines = (...all) => `${all.join('\r\n')}\r\n\r\n`;
const via = (at, more = '') => `Via: SIP/2.0/${at.transport} ${at.host}:${at.port};branch=z9hG4bK-${at.id}${more}`;
const SDP = (address = '192.0.2.1', media = 'audio 49217 RTP/AVP 0 8') => ['v=0', `o=mhandley 29739 7272939 IN IP4 ${address}`, 's=-', `c=IN IP4 ${address}`, 't=0 0', `m=${media}`, ''].join('\r\n');
const withBody = (head, body, length = Buffer.byteLength(body)) => `${head.join('\r\n')}\r\nContent-Length: ${length}\r\n\r\n${body}`;
const common = (at, method, { called = '0000', from = 'tester', to = `<sip:${called}@example.com>`, cseq = 1, more = [] } = {}) => [via(at), `From: <sip:${from}@example.com>;tag=${at.id}`,
  `To: ${to}`, `Call-ID: ${at.id}`, `CSeq: ${cseq} ${method}`, `Contact: <sip:${from}@${at.host}:${at.port}>`, 'Max-Forwards: 70', ...more];
const request = (at, method, uri = `sip:0000@${at.server}`, options = {}, version = 'SIP/2.0') => [`${method} ${uri} ${version}`, ...common(at, method, options)];
const plain = (...args) => lines(...request(...args), 'Content-Length: 0');
const invite = (at, options = {}, body = SDP(), length) => withBody([...request(at, 'INVITE', options.uri, options), 'Content-Type: application/sdp'], body, length);

export const MESSAGES = {
  // --- valid ------------------------------------------------------------------------------------
  '3.1.1.1 a short tortuous INVITE': { wants: [404], text: (at) => withBody([`INVITE sip:vivekg@${at.server};unknownparam SIP/2.0`,
    'TO :\r\n sip:vivekg@chair-dnrc.example.com', `from   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = ${at.id}`,
    'MaX-fOrWaRdS: 0068', `Call-ID: ${at.id}`, 'Content-Type: application/sdp', 'cseq: 0009\r\n  INVITE', `Via  : SIP  /   2.0\r\n /${at.transport}\r\n    ${at.host}:${at.port};branch=z9hG4bK-${at.id}`, 's :',
    'NewFangledHeader:   newfangled value\r\n continued newfangled value', 'UnknownHeaderWithUnusualValue: ;;,,;;,;', 'Route:\r\n <sip:services.example.com;lr;unknownwith=value;unknown-no-value>',
    `v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239`,
    `m:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =\r\n      newvalue ;\r\n  secondparam ; q = 0.33`], SDP()) },
  '3.1.1.2 wide range of valid characters': { wants: [405, 501], ours: NOTHING, why: 'sofia does not take such a user part', text: (at) => plain(at, "!interesting-Method0123456789_*+`.%indeed'~", `sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@${at.server}`) },
  '3.1.1.3 valid use of the % escaping': { wants: [404], text: (at) => invite(at, { uri: `sip:sips%3Auser%40example.com@${at.server}`, more: ['X-Old: 1'] }) },
  '3.1.1.4 escaped nulls in URIs': { wants: [401, 403], text: (at) => plain(at, 'REGISTER', `sip:${at.server}`, { to: '<sip:null-%00-null@example.com>', from: 'null-%00-null' }) },
  '3.1.1.5 % where it is no escape': { wants: [405, 501], text: (at) => plain(at, 'RE%47IST%45R', `sip:${at.server}`) },
  '3.1.1.6 no space between display name and <': { wants: [200], text: (at) => lines(`OPTIONS sip:user@${at.server} SIP/2.0`, via(at), `From: caller<sip:caller@example.com>;tag=${at.id}`, 'To: sip:user@example.com', `Call-ID: ${at.id}`, 'CSeq: 1 OPTIONS', 'Max-Forwards: 70', 'l: 0') },
  '3.1.1.7 long values in header fields': { wants: [404], text: (at) => invite(at, { uri: `sip:user@${at.server}`, more: [`Via: SIP/2.0/UDP host${'x'.repeat(600)}.example.com;branch=z9hG4bK${'l'.repeat(300)}`,
    ...Array.from({ length: 30 }, (_, i) => `Via: SIP/2.0/UDP host${i}.example.com;branch=z9hG4bK${i}`), `Longheadername${'y'.repeat(300)}: long ${'v'.repeat(1500)}`,
    `User-Agent: ${'very-long-agent '.repeat(60)}`], to: `"${'I have a user name of extreme proportion '.repeat(10)}" <sip:user@example.com:6000;unknownparam1=very${'long'.repeat(80)};longparam${'name'.repeat(80)}=short>` }) },
  '3.1.1.8 extra trailing octets in a datagram': { wants: [200], udp: true, text: (at) => `${plain(at, 'OPTIONS')}INVITE sip:joe@example.com SIP/2.0\r\nthis is not looked at` },
  '3.1.1.9 semicolon-separated parameters in the user part': { wants: [200], text: (at) => plain(at, 'OPTIONS', `sip:user;par=u%40example.net@${at.server}`) },
  '3.1.1.10 varied and unknown transport types in Via': { wants: [200], text: (at) => plain(at, 'OPTIONS', undefined, { more: ['Via: SIP/2.0/SCTP t2.example.com;branch=z9hG4bKkl24e', 'Via: SIP/2.0/TLS t3.example.com;branch=z9hG4bKa', 'Via: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKb'] }) },
  '3.1.1.11 multipart MIME with a part in binary': { wants: [405, 501], text: (at) => withBody([...request(at, 'MESSAGE'), 'Content-Type: multipart/mixed;boundary=7a9cbec02ceef655'],
    '--7a9cbec02ceef655\r\nContent-Type: text/plain\r\n\r\nHello\r\n--7a9cbec02ceef655\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n\u0001\u0000\u0082\u0003\r\n--7a9cbec02ceef655--\r\n') },
  '3.1.1.12 unusual reason phrase': { wants: NOTHING, text: (at) => lines('SIP/2.0 200 = 2**3 * 5**2 но сто девяносто девять - простое', ...common(at, 'INVITE'), 'Content-Length: 0') },
  '3.1.1.13 empty reason phrase': { wants: NOTHING, text: (at) => lines('SIP/2.0 100 ', ...common(at, 'INVITE'), 'Content-Length: 0') },

  // --- invalid ----------------------------------------------------------------------------------
  '3.1.2.1 extraneous header field separators': { wants: [400], ours: NOTHING, why: 'the Via is broken: nowhere to answer to', text: (at) => lines(`INVITE sip:user@${at.server} SIP/2.0`, `Via: SIP/2.0/${at.transport} ${at.host}:${at.port};branch=z9hG4bK-${at.id};;,;,,`, `From: sip:a@b.c;tag=${at.id}`,
    'To: sip:user@example.com;;,;,,', `Call-ID: ${at.id}`, 'CSeq: 1 INVITE', 'Max-Forwards: 70', 'Contact: <sip:a@b.c>;;;;', 'Content-Length: 0') },
  '3.1.2.2 Content-Length larger than the message': { wants: [400], udp: true, text: (at) => invite(at, {}, SDP(), 9999) },
  '3.1.2.3 negative Content-Length': { wants: [400], text: (at) => invite(at, {}, SDP(), -999) },
  '3.1.2.4 request scalars too large': { wants: [400, 401, 403], text: (at) => plain(at, 'REGISTER', `sip:${at.server}`, { cseq: '36893488147419103232', more: ['Expires: 10000000000000000000000', 'Contact: <sip:u@h>;expires=280297596632815'] }).replace('Max-Forwards: 70', 'Max-Forwards: 300') },
  '3.1.2.5 response scalars too large': { wants: NOTHING, text: (at) => lines('SIP/2.0 503 Service Unavailable', ...common(at, 'INVITE', { cseq: '9292394834772304023312' }), 'Retry-After: 949302838503028349304023988', 'Warning: 1812 overture "In Progress"', 'Content-Length: 0') },
  '3.1.2.6 unterminated quoted string in a display name': { wants: [400], text: (at) => invite(at, { to: '"Mr. J. User <sip:0000@example.com>' }) },
  '3.1.2.7 <> around the Request-URI': { wants: [400], text: (at) => invite(at, { uri: `<sip:user@${at.server}>` }) },
  '3.1.2.8 spaces within the Request-URI': { wants: [400], ours: NOTHING, why: 'no request line for sofia', text: (at) => invite(at, { uri: `sip:user@${at.server}; lr` }) },
  '3.1.2.9 several spaces in the request line': { wants: [400, 404], text: (at) => invite(at).replace(/^INVITE (\S+) /, 'INVITE  $1  ') },
  '3.1.2.10 spaces after the request line': { wants: [400, 200], text: (at) => plain(at, 'OPTIONS').replace('SIP/2.0\r\n', 'SIP/2.0  \r\n') },
  '3.1.2.11 escaped headers in the Request-URI': { wants: [400, 404], text: (at) => invite(at, { uri: `sip:user@${at.server}?Route=%3Csip:example.com%3E` }) },
  '3.1.2.12 a Date in another zone than GMT': { wants: [400, 404], text: (at) => invite(at, { more: ['Date: Fri, 01 Jan 2010 16:00:00 EST'] }) },
  '3.1.2.13 a Contact without <> and with header parameters': { wants: [400, 401, 403], text: (at) => plain(at, 'REGISTER', `sip:${at.server}`, { more: ['Contact: sip:user@example.com?Route=%3Csip:sip.example.com%3E'] }) },
  '3.1.2.14 spaces within addr-spec': { wants: [400, 200], text: (at) => plain(at, 'OPTIONS', undefined, { to: '"Watson, Thomas" < sip:t.watson@example.org >' }) },
  '3.1.2.15 characters in a display name that need quotes': { wants: [400, 200], text: (at) => plain(at, 'OPTIONS', undefined, { to: 'Bell, Alexander <sip:a.g.bell@example.com>' }) },
  '3.1.2.16 unknown protocol version': { wants: [505], text: (at) => plain(at, 'OPTIONS', undefined, {}, 'SIP/7.0') },
  '3.1.2.17 method in the request line is not that of CSeq': { wants: [400], text: (at) => plain(at, 'OPTIONS').replace('CSeq: 1 OPTIONS', 'CSeq: 8 INVITE') },
  '3.1.2.18 unknown method beside a known one in CSeq': { wants: [400, 405, 501], text: (at) => plain(at, 'NEWMETHOD').replace('CSeq: 1 NEWMETHOD', 'CSeq: 8 INVITE') },
  '3.1.2.19 response code out of range': { wants: NOTHING, text: (at) => lines('SIP/2.0 4294967301 better not break the receiver', ...common(at, 'INVITE'), 'Content-Length: 0') },

  // --- transactions and applications ---------------------------------------------------------------
  '3.2.1 branch without an id behind the magic cookie': { wants: [200], text: (at) => plain(at, 'OPTIONS').replace(/branch=\S+/, 'branch=z9hG4bK') },
  '3.3.1 required header fields are missing': { wants: [400], text: (at) => lines(`INVITE sip:user@${at.server} SIP/2.0`, via(at), 'CSeq: 193942 INVITE', 'Content-Length: 0') },
  '3.3.2 Request-URI with an unknown scheme': { wants: [416, 404, 200], text: (at) => plain(at, 'OPTIONS', 'nobodyKnowsThisScheme:totallyopaquecontent') },
  '3.3.3 Request-URI with a known but odd scheme': { wants: [416, 404, 200], text: (at) => plain(at, 'OPTIONS', 'soap.beep://192.0.2.103:3002') },
  '3.3.4 unknown URI schemes in From, To and Contact': { wants: [400, 401, 403], text: (at) => plain(at, 'REGISTER', `sip:${at.server}`, { to: '<isbn:2983792873>' }).replace(/From: \S+;/, 'From: <http://www.example.com>;') },
  '3.3.5 Require and Proxy-Require with unknown options': { wants: [420], text: (at) => plain(at, 'OPTIONS', undefined, { more: ['Require: nothingSupportsThis, nothingSupportsThisEither', 'Proxy-Require: noProxiesSupportThis, norDoAnyProxiesSupportThis'] }) },
  '3.3.6 unknown Content-Type': { wants: [415], text: (at) => withBody([...request(at, 'INVITE'), 'Content-Type: application/unknownformat'], '<audio>\n <pcmu port="443"/>\n</audio>\n') },
  '3.3.7 unknown authorization scheme': { wants: [401], text: (at) => plain(at, 'REGISTER', `sip:${at.server}`, { more: ['Authorization: NoOneKnowsThisScheme opaque-data=here'] }) },
  '3.3.8 several values in single-value header fields': { wants: [400], text: (at) => invite(at, { more: ['CSeq: 2 INVITE', `Call-ID: other-${at.id}`, 'Max-Forwards: 5', 'From: <sip:other@example.com>;tag=2', 'To: <sip:other@example.com>'] }) },
  '3.3.9 several Content-Length values': { wants: [400], text: (at) => withBody([...request(at, 'OPTIONS'), 'Content-Type: text/plain', 'Content-Length: 13'], 'There is no way to know how many octets') },
  '3.3.10 200 OK to a request never sent, with a broadcast Via': { wants: NOTHING, text: (at) => lines('SIP/2.0 200 OK', 'Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23', ...common(at, 'INVITE').slice(1), 'Content-Length: 0') },
  '3.3.11 Max-Forwards of zero': { wants: [200, 483], text: (at) => plain(at, 'OPTIONS').replace('Max-Forwards: 70', 'Max-Forwards: 0') },
  '3.3.12 REGISTER with a contact parameter': { wants: [401, 403], text: (at) => plain(at, 'REGISTER', `sip:${at.server}`, { more: ['Contact: sip:+19725552222@gw1.example.net;unknownparam'] }) },
  '3.3.13 REGISTER with a URL parameter': { wants: [401, 403], text: (at) => plain(at, 'REGISTER', `sip:${at.server}`, { more: ['Contact: <sip:+19725552222@gw1.example.net;unknownparam>'] }) },
  '3.3.14 REGISTER with escaped headers in its Contact': { wants: [400, 401, 403], text: (at) => plain(at, 'REGISTER', `sip:${at.server}`, { more: ['Contact: <sip:user@example.com?Route=%3Csip:sip.example.com%3E>'] }) },
  '3.3.15 Accept without a type we offer': { wants: [406, 404, 488], text: (at) => invite(at, { more: ['Accept: text/nobodyKnowsThis'] }, '').replace('Content-Type: application/sdp\r\n', '') },
  '3.4.1 INVITE as in RFC 2543': { wants: [404], text: (at) => withBody([`INVITE sip:UserB@${at.server} SIP/2.0`, `Via: SIP/2.0/${at.transport} ${at.host}:${at.port}`, 'From: <sip:UserA@example.com>', 'To: sip:UserB@example.com', `Call-ID: ${at.id}`, 'CSeq: 1 INVITE', 'Contact: <sip:UserA@example.com>', 'Content-Type: application/sdp'], SDP()) },
};
