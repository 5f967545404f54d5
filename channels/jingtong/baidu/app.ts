// 百度小程序: one session for as long as the mini-program runs. `base` comes from the build for each environment.

import { MiniSession } from "../client/mini.ts";
import { platform } from "./platform.ts";

declare function App(application: object): void;
declare const BASE: string;

App({ base: BASE, session: new MiniSession(platform, BASE) });
