/** Where `peers/pyvoip/install.sh` puts pyVoIP, one environment a version. */
export const pyvoipDirectory: string;
