/** The page's look: light and dark, from a phone's width up. Colours are told apart by lightness and dashes as well. */
export const STYLE: string = `
:root{--paper:#f6f6f3;--sheet:#fff;--ink:#1b1d20;--soft:#62676d;--rule:#dfe0dc;--alice:#1f5fc4;--bob:#b8500b;--good:#1c7a3d;
  --bad:#b3261e;--lane:#c3c6c8}
@media(prefers-color-scheme:dark){:root{--paper:#121416;--sheet:#1b1e21;--ink:#e9eaeb;--soft:#a0a6ac;--rule:#2e3237;--alice:#7db1ff;
  --bob:#ffb070;--good:#6fce8c;--bad:#ff9a90;--lane:#4a5056}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:62rem;padding:1.5rem 1rem 3rem;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif;
  -webkit-text-size-adjust:100%}
h1{font-size:clamp(1.6rem,5vw,2.3rem);line-height:1.15;margin:0;letter-spacing:-.02em}
h2{font-size:1.05rem;margin:0 0 .25rem}
h3{font-size:.8rem;font-weight:600;text-transform:uppercase;letter-spacing:.08em;color:var(--soft);margin:1.1rem 0 .3rem}
p{margin:.25rem 0 .75rem;color:var(--soft);max-width:65ch}
section{background:var(--sheet);border:1px solid var(--rule);border-radius:12px;padding:1rem 1.1rem;margin:0 0 1rem}
.verdict{display:inline-block;font-weight:600;border:1px solid;border-radius:1rem;padding:.1rem .8rem;max-width:100%}
.good{color:var(--good)}.bad{color:var(--bad)}
.cards{display:grid;grid-template-columns:repeat(3,1fr);gap:1px;padding:0;overflow:hidden;background:var(--rule)}
.card{background:var(--sheet);padding:.9rem 1.1rem}
.card h2{font-size:.85rem;font-weight:500;color:var(--soft)}
.card strong{display:block;font-size:1.45rem;line-height:1.25;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.card small{font-size:.9rem;font-weight:500;color:var(--soft)}
.card span{font-size:.8rem;color:var(--soft)}
.players{display:grid;grid-template-columns:repeat(auto-fit,minmax(15rem,1fr));gap:1rem}
.players h2{font-size:.9rem}
audio{width:100%;display:block}
figure{margin:0}
figcaption{display:flex;flex-wrap:wrap;gap:.3rem 1rem;font-size:.85rem;margin-bottom:.4rem}
.key::before{content:"";display:inline-block;width:1.2em;height:0;border-top:3px solid;vertical-align:.25em;margin-right:.4em}
.key.bob::before{border-top-style:dashed}
.alice{color:var(--alice);stroke:var(--alice)}.bob{color:var(--bob);stroke:var(--bob)}
.unit{margin-left:auto;color:var(--soft)}
.canvas{position:relative;height:11rem;margin:1.2rem .4rem 1.6rem 2.4rem}
.canvas svg{position:absolute;inset:0;width:100%;height:100%;overflow:visible}
path{fill:none;vector-effect:non-scaling-stroke}
.line{stroke-width:1.8;stroke-linejoin:round}.line.bob{stroke-dasharray:5 3}
.area{stroke:none;opacity:.16}.area.alice{fill:var(--alice)}.area.bob{fill:var(--bob)}
.grid{stroke:var(--rule)}.mark{stroke:var(--soft);stroke-dasharray:2 3;opacity:.6}
.canvas span{position:absolute;font-size:.72rem;color:var(--soft);font-variant-numeric:tabular-nums;white-space:nowrap}
.y{right:calc(100% + .4rem);transform:translateY(-50%)}
.x{top:calc(100% + .3rem);transform:translateX(-50%)}
.m{bottom:100%;transform:translateX(-50%);font-weight:600}
.ladder{font-size:.86rem}
.ladder time{flex:none;width:3.6rem;color:var(--soft);font-size:.75rem;font-variant-numeric:tabular-nums;align-self:end;
  padding-bottom:.15rem}
.heads,.rung>summary,.rung.media{display:flex;gap:.3rem}
.heads{position:sticky;top:0;background:var(--sheet);padding:.4rem 0;border-bottom:1px solid var(--rule);z-index:1;font-weight:600}
.lanes{flex:1;display:flex;align-items:flex-end;min-height:2.1rem;padding:.2rem 0 .45rem;background:linear-gradient(var(--lane),
  var(--lane)) 16.667% 0/1px 100% no-repeat,linear-gradient(var(--lane),var(--lane)) 50% 0/1px 100% no-repeat,
  linear-gradient(var(--lane),var(--lane)) 83.333% 0/1px 100% no-repeat}
.heads .lanes{display:grid;grid-template-columns:repeat(3,1fr);text-align:center;min-height:0;padding:0;background:none;line-height:1.2}
summary{list-style:none;cursor:pointer;border-radius:6px}
summary::-webkit-details-marker{display:none}
summary:hover,details[open]>summary{background:color-mix(in srgb,var(--ink) 6%,transparent)}
summary:focus-visible{outline:2px solid var(--alice);outline-offset:1px}
.arrow{position:relative;width:33.333%;padding:0 .5rem;border-bottom:2px solid;text-align:center;line-height:1.2}
.arrow b{font-weight:600}.arrow small{font-weight:400;color:var(--soft);font-size:.75rem}
.gap0{margin-left:16.667%}.gap1{margin-left:50%}.across{margin-left:16.667%;width:66.667%}
.arrow::after{content:"";position:absolute;bottom:-6px;border:5px solid transparent}
.right::after{right:0;border-left:8px solid;border-right:0}
.left::after{left:0;border-right:8px solid;border-left:0}
.request .arrow{color:var(--ink)}
.provisional .arrow{color:var(--soft);border-bottom-style:dotted}
.success .arrow{color:var(--good);border-bottom-style:dashed}
.refusal .arrow{color:var(--bad);border-bottom-style:dashed}
.media .arrow{border-bottom-width:4px;border-bottom-style:double}
.media .arrow::after{bottom:-7px}
pre{margin:.2rem 0 .8rem;padding:.8rem;background:var(--paper);border:1px solid var(--rule);border-radius:8px;overflow:auto;
  font:12px/1.5 ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.92rem}
th,td{padding:.35rem .5rem;border-bottom:1px solid var(--rule);text-align:right}
th[scope=row]{text-align:left;font-weight:400}
tr:last-child>*{border-bottom:0}
footer{color:var(--soft);font-size:.8rem;overflow-wrap:anywhere}
@media(max-width:30rem){body{padding:1rem .6rem 2rem}section{padding:.9rem .8rem}.cards{padding:0;grid-template-columns:repeat(2,1fr)}
  .ladder{font-size:.76rem}.ladder time{width:2.7rem;font-size:.66rem}.arrow{padding:0 .2rem}.arrow small{display:none}}
`;
